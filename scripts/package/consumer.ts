// Only type-checked, in the same project, against the .d.ts files of the packed package.
import { connectionOf, createPool, type Pool } from "@holdfast/pool";

const pool: Pool = createPool({
  idleTimeout: "60s",
  maxRequests: 1000,
  maxLifetime: "1h",
  tcpKeepAlive: { idle: "60s" },
});
const response: Response = await pool.fetch("https://api.example.com/items");
const reused: boolean | undefined = connectionOf(response)?.reused;
console.log(reused, pool.stats());
await pool.close();

// Wherever a library or a program wants the standard's function.
const standard: typeof fetch = pool.fetch;
const options: { fetch?: typeof globalThis.fetch } = { fetch: pool.fetch };
globalThis.fetch = options.fetch ?? standard;
pool.fetch.preconnect("https://api.example.com");
