import { type Driver, events, joined, json } from "../driver.ts";

const content = (text: string) => ({ candidates: [{ content: { role: "model", parts: [{ text }] } }] });

export const driver: Driver = {
  name: "@google/genai",
  handed: "new GoogleGenAI({ httpOptions: { fetch: pool.fetch } })",
  answer({ path, headers }) {
    // A file is announced first, and then sent to the address that this gives.
    if (headers["x-goog-upload-command"] === "start")
      return { ...json({}), headers: { "x-goog-upload-url": `http://${headers.host}/files?upload_id=1` } };
    if (path.startsWith("/files"))
      return { ...json({ file: { name: "pong" } }), headers: { "x-goog-upload-status": "final" } };
    return path.includes("stream") ? events(content("ping"), content("pong")) : json(content("pong"));
  },
  async connect({ url, fetch }) {
    const { GoogleGenAI } = await import("@google/genai");
    const { models, files } = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, fetch } });
    const question = { model: "mock", contents: "ping" };
    return {
      async request(abortSignal) {
        const config = abortSignal === undefined ? {} : { abortSignal };
        return (await models.generateContent({ ...question, config })).text;
      },
      stream: async (more) => joined(await models.generateContentStream(question), ({ text }) => text, more),
      upload: async (payload) =>
        (await files.upload({ file: new Blob([payload]), config: { mimeType: "text/plain" } })).name,
    };
  },
};
