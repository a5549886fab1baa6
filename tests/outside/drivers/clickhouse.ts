import { type Driver, joined } from "../driver.ts";

const rows = (...words: string[]) => words.map((word) => `${JSON.stringify({ word })}\n`);

/** Rows come by the chunk. */
async function* flat<T>(chunks: ReadableStream<T[]>): AsyncGenerator<T> {
  const reader = chunks.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read())
    yield* value ?? [];
}

export const driver: Driver = {
  name: "@clickhouse/client-web",
  handed: "createClient({ fetch: pool.fetch })",
  answer({ path, body }) {
    if (path.includes("INSERT")) return { headers: { "x-clickhouse-query-id": "pong" } };
    return body.includes("stream") ? { pieces: rows("ping", "pong") } : { body: rows("pong").join("") };
  },
  failure: "Code: 62. DB::Exception: teapot. (SYNTAX_ERROR)",
  async connect({ url, fetch }) {
    const { createClient } = await import("@clickhouse/client-web");
    const client = createClient({ url, fetch });
    const select = (query: string, abort_signal?: AbortSignal) =>
      client.query({
        query,
        format: "JSONEachRow",
        ...(abort_signal === undefined ? {} : { abort_signal }),
      });
    return {
      async request(signal) {
        const [row] = await (await select("SELECT word", signal)).json<{ word: string }>();
        return row?.word;
      },
      stream: async (more) =>
        joined(
          flat((await select("SELECT stream")).stream<{ word: string }>()),
          (row) => row.json().word,
          more,
        ),
      async upload(word) {
        const { query_id } = await client.insert({
          table: "words",
          values: [{ word }],
          format: "JSONEachRow",
        });
        return query_id === "" ? "no id" : "pong";
      },
    };
  },
};
