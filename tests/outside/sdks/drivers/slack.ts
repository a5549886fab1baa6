import { json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@slack/web-api",
  handed: "new WebClient(token, { fetch: pool.fetch })",
  answer: () => json({ ok: true, url: "pong" }),
  lacks: { stream: "its answers are read whole", abort: "no call takes a signal" },
  async connect({ url, pool }) {
    const { WebClient } = await import("@slack/web-api");
    const retryConfig = { retries: 0 };
    const fetch = pool?.fetch ?? globalThis.fetch;
    const client = new WebClient("none", { slackApiUrl: `${url}/api/`, fetch, retryConfig });
    return {
      request: async () => (await client.auth.test()).url,
      upload: async (payload) => (await client.apiCall("files.made", { content: payload })).url,
    };
  },
};
