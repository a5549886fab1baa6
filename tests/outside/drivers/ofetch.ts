import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "ofetch",
  handed: "createFetch({ fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { createFetch } = await import("ofetch");
    const client = createFetch({ fetch, defaults: { baseURL: url } });
    return {
      request: (signal) => client("/item", given(signal)),
      stream: async (more) =>
        joined(textsOf(await client("/stream", { responseType: "stream" })), (text) => text, more),
      upload: (payload) => client("/upload", { method: "POST", body: new Blob([payload]).stream() }),
    };
  },
};
