import { type Driver, json } from "../driver.ts";

const result = {
  cols: [{ name: "word", decltype: "TEXT" }],
  rows: [[{ type: "text", value: "pong" }]],
  affected_row_count: 0,
  last_insert_rowid: null,
};

export const driver: Driver = {
  name: "@libsql/client",
  handed: "createClient({ fetch: pool.fetch })",
  counts: ({ path }) => path.endsWith("/pipeline"),
  answer({ path, body }) {
    if (!path.endsWith("/pipeline")) return { status: path.startsWith("/v2") ? 200 : 404 };
    const { requests } = JSON.parse(body) as { requests: { type: string }[] };
    const results = requests.map(({ type }) => ({
      type: "ok",
      response:
        type === "batch"
          ? { type, result: { step_results: [result], step_errors: [null] } }
          : { type, result },
    }));
    return json({ baton: null, base_url: null, results });
  },
  failure: JSON.stringify({ message: "teapot" }),
  lacks: { stream: "it reads every answer whole", abort: "no call takes a signal" },
  async connect({ url, fetch }) {
    const { createClient } = await import("@libsql/client/http");
    const client = createClient({ url, fetch });
    const ask = async (word: string) =>
      (await client.execute({ sql: "SELECT ?", args: [word] })).rows[0]?.[0];
    return { request: () => ask("ping"), upload: ask };
  },
};
