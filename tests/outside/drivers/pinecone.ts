import { type Driver, json } from "../driver.ts";

export const driver: Driver = {
  name: "@pinecone-database/pinecone",
  handed: "new Pinecone({ fetchApi: pool.fetch })",
  answer: ({ path }) =>
    json(
      path.includes("/vectors/upsert")
        ? { upsertedCount: 1 }
        : { matches: [{ id: "pong", score: 1 }], namespace: "" },
    ),
  lacks: {
    stream: "the chat of its assistant calls the global fetch",
    abort: "no call takes a signal",
  },
  async connect({ url, fetch }) {
    const { Pinecone } = await import("@pinecone-database/pinecone");
    const index = new Pinecone({ apiKey: "none", fetchApi: fetch }).index({ host: url });
    return {
      request: async () => (await index.query({ topK: 1, vector: [1, 2] })).matches[0]?.id,
      async upload(text) {
        await index.upsert({ records: [{ id: "1", values: [1, 2], metadata: { text } }] });
        return "pong";
      },
    };
  },
};
