import { given, joined, json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "node-fetch",
  handed: "fetch(url, { agent })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, agent }) {
    const { default: fetch } = await import("node-fetch");
    const checked = async (path: string, init: object) => {
      const response = await fetch(url + path, { agent, ...init });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return response;
    };
    return {
      request: async (signal) => (await checked("/item", given(signal))).json(),
      async stream(more) {
        const { body } = await checked("/stream", {});
        return joined(body as unknown as AsyncIterable<Buffer>, String, more);
      },
      upload: async (payload) => (await checked("/upload", { method: "PUT", body: payload })).json(),
    };
  },
};
