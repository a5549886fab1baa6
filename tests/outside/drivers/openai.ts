import { type Driver, events, joined, json } from "../driver.ts";

const chat = (content: string) => ({
  id: "1",
  choices: [{ index: 0, delta: { content }, message: { content } }],
});

export const driver: Driver = {
  name: "openai",
  handed: "new OpenAI({ fetch: pool.fetch })",
  answer({ path, body }) {
    if (path.endsWith("/files")) return json({ id: "pong" });
    return body.includes('"stream":true') ? events(chat("ping"), chat("pong"), "[DONE]") : json(chat("pong"));
  },
  async connect({ url, fetch }) {
    const { default: OpenAI, toFile } = await import("openai");
    const { chat, files } = new OpenAI({ apiKey: "none", baseURL: `${url}/v1`, fetch });
    const question = { model: "mock", messages: [{ role: "user" as const, content: "ping" }] };
    return {
      request: async (signal) =>
        (await chat.completions.create(question, { signal })).choices[0]?.message.content,
      stream: async (more) =>
        joined(
          await chat.completions.create({ ...question, stream: true }),
          ({ choices }) => choices[0]?.delta.content,
          more,
        ),
      upload: async (payload) =>
        (await files.create({ file: await toFile(Buffer.from(payload), "a.txt"), purpose: "assistants" })).id,
    };
  },
};
