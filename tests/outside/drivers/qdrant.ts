import { type Driver, json } from "../driver.ts";

export const driver: Driver = {
  name: "@qdrant/js-client-rest",
  handed: "globalThis.fetch = pool.fetch",
  global: true,
  answer: ({ method }) =>
    json({
      result:
        method === "PUT" ? { operation_id: 1, status: "completed" } : { collections: [{ name: "pong" }] },
    }),
  failure: JSON.stringify({ status: { error: "teapot" } }),
  lacks: { stream: "it reads every answer whole", abort: "no call takes a signal" },
  async connect({ url, fetch }) {
    const { QdrantClient } = await import("@qdrant/js-client-rest");
    globalThis.fetch = fetch as typeof globalThis.fetch;
    const client = new QdrantClient({ url, checkCompatibility: false });
    return {
      request: async () => (await client.getCollections()).collections[0]?.name,
      async upload(text) {
        const points = [{ id: 1, vector: [1, 2], payload: { text } }];
        return (await client.upsert("words", { wait: true, points })).status === "completed"
          ? "pong"
          : "failed";
      },
    };
  },
};
