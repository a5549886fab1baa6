import { type Driver, events, joined, json, named } from "../driver.ts";

const delta = (text: string) => ({
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text },
});

export const driver: Driver = {
  name: "@anthropic-ai/sdk",
  handed: "new Anthropic({ fetch: pool.fetch })",
  answer({ path, body }) {
    if (path.startsWith("/v1/files")) return json({ id: "pong" });
    if (!body.includes('"stream":true')) return json({ content: [{ type: "text", text: "pong" }] });
    return events(
      named("content_block_delta", delta("ping")),
      named("content_block_delta", delta("pong")),
      named("message_stop", { type: "message_stop" }),
    );
  },
  async connect({ url, fetch }) {
    const { default: Anthropic, toFile } = await import("@anthropic-ai/sdk");
    const { messages, beta } = new Anthropic({ apiKey: "none", baseURL: url, fetch });
    const question = {
      model: "mock",
      max_tokens: 8,
      messages: [{ role: "user" as const, content: "ping" }],
    };
    return {
      async request(signal) {
        const [block] = (await messages.create(question, { signal })).content;
        return block?.type === "text" ? block.text : undefined;
      },
      stream: async (more) =>
        joined(
          await messages.create({ ...question, stream: true }),
          (event) =>
            event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "",
          more,
        ),
      upload: async (payload) =>
        (await beta.files.upload({ file: await toFile(Buffer.from(payload), "a.txt") })).id,
    };
  },
};
