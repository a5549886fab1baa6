import { type Driver, json } from "../driver.ts";

export const driver: Driver = {
  name: "@neondatabase/serverless",
  handed: "neonConfig.fetchFunction = pool.fetch",
  answer: () =>
    json({ fields: [{ name: "word", dataTypeID: 25 }], rows: [["pong"]], rowCount: 1, command: "SELECT" }),
  failure: JSON.stringify({ message: "teapot", code: "42601" }),
  lacks: { stream: "it reads every answer whole" },
  async connect({ url, fetch }) {
    const { neon, neonConfig } = await import("@neondatabase/serverless");
    neonConfig.fetchFunction = fetch;
    neonConfig.fetchEndpoint = () => `${url}/sql`;
    const sql = neon("postgresql://user:none@db.localhost/words");
    const ask = async (word: string, signal?: AbortSignal) => {
      const [row] = await sql.query("SELECT $1::text AS word", [word], { fetchOptions: { signal } });
      return row?.word;
    };
    return { request: (signal) => ask("ping", signal), upload: (payload) => ask(payload) };
  },
};
