import { type Driver, json } from "../driver.ts";

export const driver: Driver = {
  name: "@slack/web-api",
  handed: "new WebClient(token, { fetch: pool.fetch })",
  answer({ path, headers }) {
    if (!path.endsWith("/files.getUploadURLExternal")) return json({ ok: true, url: "pong" });
    return json({ ok: true, upload_url: `http://${headers.host}/upload/v1/1`, file_id: "F1" });
  },
  lacks: { stream: "it reads every answer whole", abort: "no call takes a signal" },
  async connect({ url, fetch }) {
    const { WebClient } = await import("@slack/web-api");
    // By default it tries ten times in half an hour, also after an error status.
    const retryConfig = { retries: 1, minTimeout: 50 };
    const client = new WebClient("none", { slackApiUrl: `${url}/api/`, fetch, retryConfig });
    return {
      request: async () => (await client.auth.test()).url,
      async upload(payload) {
        const { ok } = await client.files.uploadV2({
          channel_id: "C1",
          filename: "a.txt",
          file: Buffer.from(payload),
        });
        return ok ? "pong" : "not ok";
      },
    };
  },
};
