import { createRequire } from "node:module";
import { joined, json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@google-cloud/storage",
  handed: 'teenyRequestAgents.pool.set("https:forever", agent)',
  answer({ method, path }) {
    if (method !== "GET") return json({ name: "pong", id: "pong" });
    if (path.includes("stream")) return { pieces: ["ping", "pong"] };
    return { body: "pong" };
  },
  lacks: { abort: "a download takes no signal" },
  async connect({ url, agent }) {
    const { Storage } = await import("@google-cloud/storage");
    // The package has no option for an agent: its own module keeps one for each scheme.
    const agents = "teeny-request/build/src/agents.js";
    createRequire(import.meta.url)(agents).pool.set("http:forever", agent);
    const storage = new Storage({
      apiEndpoint: url,
      projectId: "p",
      useAuthWithCustomEndpoint: false,
      retryOptions: { autoRetry: false },
    });
    const bucket = storage.bucket("files");
    return {
      request: async () => String((await bucket.file("a.txt").download({ validation: false }))[0]),
      stream: (more) =>
        joined(
          bucket.file("stream").createReadStream({ validation: false }) as AsyncIterable<Buffer>,
          String,
          more,
        ),
      async upload(payload) {
        const file = bucket.file("b.txt");
        await file.save(payload, { resumable: false, validation: false });
        return file.metadata.name;
      },
    };
  },
};
