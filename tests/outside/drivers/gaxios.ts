import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "gaxios",
  handed: "new Gaxios({ fetchImplementation: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { Gaxios } = await import("gaxios");
    const client = new Gaxios({ baseURL: url, fetchImplementation: fetch });
    return {
      request: async (signal) => (await client.request<string>({ url: "/item", ...given(signal) })).data,
      async stream(more) {
        const { body } = await client.request({ url: "/stream", responseType: "stream" });
        return joined(textsOf(body), (text) => text, more);
      },
      upload: async (payload) =>
        (await client.request({ url: "/upload", method: "POST", data: new Blob([payload]).stream() })).data,
    };
  },
};
