import { json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "twilio",
  handed: "httpClient.axios.defaults.httpsAgent = agent",
  answer: () => json({ sid: `SM${"0".repeat(32)}`, body: "pong" }),
  lacks: { stream: "its answers are read whole", abort: "no call takes a signal" },
  async connect({ url, agent }) {
    const { default: twilio } = await import("twilio");
    class Local extends twilio.RequestClient {
      override request(options: { uri: string; method: "get" }) {
        return super.request({ ...options, uri: options.uri.replace(/^https:\/\/[^/]+/, url) }) as never;
      }
    }
    const httpClient = new Local();
    httpClient.axios.defaults.httpAgent = agent;
    const client = twilio(`AC${"0".repeat(32)}`, "none", { httpClient });
    return {
      request: async () => (await client.messages(`SM${"0".repeat(32)}`).fetch()).body,
      upload: async (payload) => (await client.messages.create({ to: "+1", from: "+2", body: payload })).body,
    };
  },
};
