import { given, joined, json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "got",
  handed: "got.extend({ agent: { http: agent, https: agent } })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, agent }) {
    const { default: got } = await import("got");
    const client = got.extend({ prefixUrl: url, agent: { http: agent }, retry: { limit: 0 } });
    return {
      request: (signal) => client("item", given(signal)).json(),
      stream: (more) => joined(client.stream("stream") as AsyncIterable<Buffer>, String, more),
      upload: (payload) => client.put("upload", { body: payload }).json(),
    };
  },
};
