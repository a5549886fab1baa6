import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "ky",
  handed: "ky.create({ fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { default: ky } = await import("ky");
    const client = ky.create({ fetch, prefix: url });
    return {
      request: (signal) => client.get("item", given(signal)).json(),
      stream: async (more) => joined(textsOf((await client.get("stream")).body), (text) => text, more),
      upload: (payload) => client.post("upload", { body: new Blob([payload]).stream() }).json(),
    };
  },
};
