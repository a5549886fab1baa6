import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "wretch",
  handed: "wretch(url).fetchPolyfill(pool.fetch)",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { default: wretch } = await import("wretch");
    const client = wretch(url).fetchPolyfill(fetch);
    return {
      request: (signal) => client.options(given(signal)).get("/item").json(),
      stream: async (more) => joined(textsOf((await client.get("/stream").res()).body), (text) => text, more),
      upload: (payload) =>
        client
          .body(new Blob([payload]))
          .post(undefined, "/upload")
          .json(),
    };
  },
};
