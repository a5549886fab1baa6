import { given, joined, json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "googleapis",
  handed: "google.options({ agent })",
  answer: ({ path }) => (path.includes("alt=media") ? { pieces: ["ping", "pong"] } : json({ name: "pong" })),
  lacks: { upload: "the address of its uploads is fixed" },
  async connect({ url, agent }) {
    const { google } = await import("googleapis");
    const drive = google.drive({ version: "v3", rootUrl: `${url}/`, auth: "none", agent, retry: false });
    return {
      request: async (signal) => (await drive.files.get({ fileId: "a" }, given(signal))).data.name,
      async stream(more) {
        const { data } = await drive.files.get({ fileId: "a", alt: "media" }, { responseType: "stream" });
        return joined(data as AsyncIterable<Buffer>, String, more);
      },
    };
  },
};
