import { type Driver, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "redaxios",
  handed: "axios.create({ fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  lacks: { abort: "no call takes a signal" },
  async connect({ url, fetch }) {
    const { default: redaxios } = await import("redaxios");
    // Its types are those of a CommonJS module, and it is an ES module.
    const axios = redaxios as unknown as typeof redaxios.default;
    const client = axios.create({ baseURL: url, fetch });
    return {
      request: async () => (await client.get("/item")).data,
      stream: async (more) =>
        joined(textsOf((await client.get("/stream", { responseType: "stream" })).data), (text) => text, more),
      async upload(payload) {
        const form = new FormData();
        form.append("file", new Blob([payload]), "a.txt");
        return (await client.post("/upload", form)).data;
      },
    };
  },
};
