import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "axios",
  handed: 'axios.create({ adapter: "fetch", env: { fetch: pool.fetch } })',
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { default: axios } = await import("axios");
    const client = axios.create({ adapter: "fetch", baseURL: url, env: { fetch } });
    return {
      request: async (signal) => (await client.get("/item", given(signal))).data,
      async stream(more) {
        const { data } = await client.get<ReadableStream<Uint8Array>>("/stream", { responseType: "stream" });
        return joined(textsOf(data), (text) => text, more);
      },
      async upload(payload) {
        const form = new FormData();
        form.append("file", new Blob([payload]), "a.txt");
        return (await client.post("/upload", form)).data;
      },
    };
  },
};
