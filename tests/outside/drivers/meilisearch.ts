import { type Driver, given, json } from "../driver.ts";

export const driver: Driver = {
  name: "meilisearch",
  handed: "new Meilisearch({ httpClient: async (...call) => (await pool.fetch(...call)).json() })",
  answer: ({ path }) => json(path.endsWith("/search") ? { hits: [{ word: "pong" }] } : { taskUid: 1 }),
  lacks: { stream: "with a client of one's own it gives what that gives" },
  async connect({ url, fetch }) {
    const { Meilisearch } = await import("meilisearch");
    const httpClient = async (...call: Parameters<typeof globalThis.fetch>) => {
      const response = await fetch(...call);
      if (!response.ok) throw new Error(`the status is ${response.status}`);
      return response.json();
    };
    const index = new Meilisearch({ host: url, httpClient }).index<{ word: string }>("words");
    return {
      request: async (signal) => (await index.search("ping", {}, given(signal))).hits[0]?.word,
      async upload(word) {
        const { taskUid } = await index.addDocuments([{ word }]);
        return taskUid === 1 ? "pong" : "no task";
      },
    };
  },
};
