import { given, joined, json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "axios",
  handed: "axios.create({ httpAgent: agent, httpsAgent: agent })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, agent }) {
    const { default: axios } = await import("axios");
    const client = axios.create({ adapter: "http", baseURL: url, httpAgent: agent, httpsAgent: agent });
    return {
      request: async (signal) => (await client.get("/item", given(signal))).data,
      async stream(more) {
        const { data } = await client.get("/stream", { responseType: "stream" });
        return joined(data as AsyncIterable<Buffer>, String, more);
      },
      upload: async (payload) => (await client.put("/upload", payload)).data,
    };
  },
};
