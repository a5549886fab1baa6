import { type Driver, events, given, joined, json } from "../driver.ts";

const chat = (content: string) => ({
  id: "1",
  choices: [{ index: 0, delta: { role: "assistant", content }, message: { role: "assistant", content } }],
});

export const driver: Driver = {
  name: "@langchain/openai",
  handed: "new ChatOpenAI({ configuration: { fetch: pool.fetch } })",
  answer: ({ body }) =>
    body.includes('"stream":true') ? events(chat("ping"), chat("pong"), "[DONE]") : json(chat("pong")),
  async connect({ url, fetch }) {
    const { ChatOpenAI } = await import("@langchain/openai");
    const configuration = { baseURL: `${url}/v1`, fetch };
    const model = new ChatOpenAI({ apiKey: "none", model: "mock", configuration, streamUsage: false });
    return {
      request: async (signal) => (await model.invoke("ping", given(signal))).text,
      stream: async (more) => joined(await model.stream("ping"), ({ text }) => text, more),
      upload: async (payload) => (await model.invoke(payload)).text,
    };
  },
};
