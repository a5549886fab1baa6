import { type Driver, joined, json } from "../driver.ts";

const chat = (content: string, done = true) => ({ message: { role: "assistant", content }, done });

export const driver: Driver = {
  name: "ollama",
  handed: "new Ollama({ fetch: pool.fetch })",
  answer({ body }) {
    if (body.includes('"stream":false')) return json(chat("pong"));
    const lines = [chat("ping", false), chat("pong")].map((line) => `${JSON.stringify(line)}\n`);
    return { headers: { "content-type": "application/x-ndjson" }, pieces: lines };
  },
  failure: JSON.stringify({ error: "teapot" }),
  lacks: { abort: "no call takes a signal: abort() ends all streams" },
  async connect({ url, fetch }) {
    const { Ollama } = await import("ollama");
    const client = new Ollama({ host: url, fetch });
    const ask = async (content: string, images: string[] = []) =>
      (await client.chat({ model: "mock", messages: [{ role: "user", content, images }] })).message.content;
    return {
      request: () => ask("ping"),
      stream: async (more) =>
        joined(
          await client.chat({ model: "mock", messages: [{ role: "user", content: "ping" }], stream: true }),
          ({ message }) => message.content,
          more,
        ),
      upload: (payload) => ask("ping", [Buffer.from(payload).toString("base64")]),
    };
  },
};
