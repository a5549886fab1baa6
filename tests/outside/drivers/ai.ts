import { type Driver, events, joined, json } from "../driver.ts";

const chat = (content: string) => ({
  id: "1",
  created: 0,
  model: "mock",
  choices: [{ index: 0, delta: { content }, message: { role: "assistant", content }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
});

export const driver: Driver = {
  name: "@ai-sdk/openai",
  handed: "generateText({ model: createOpenAI({ fetch: pool.fetch })(name) })",
  answer: ({ body }) =>
    body.includes('"stream":true') ? events(chat("ping"), chat("pong"), "[DONE]") : json(chat("pong")),
  async connect({ url, fetch }) {
    const [{ generateText, streamText }, { createOpenAI }] = await Promise.all([
      import("ai"),
      import("@ai-sdk/openai"),
    ]);
    const model = createOpenAI({ apiKey: "none", baseURL: `${url}/v1`, fetch }).chat("mock");
    return {
      request: async (abortSignal) =>
        (await generateText({ model, prompt: "ping", ...(abortSignal === undefined ? {} : { abortSignal }) }))
          .text,
      stream: (more) => joined(streamText({ model, prompt: "ping" }).textStream, (text) => text, more),
      async upload(payload) {
        const file = { type: "file" as const, data: Buffer.from(payload), mediaType: "image/png" };
        return (await generateText({ model, messages: [{ role: "user", content: [file] }] })).text;
      },
    };
  },
};
