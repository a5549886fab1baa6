/** The built-in `fetch` of Deno or Bun. */

import process from "node:process";
import type { Tune } from "../schedule.ts";
import { BODY, type CaseClient, serveCases } from "./protocol.ts";

/** Deno's addition to the standard. */
interface DenoHttp {
  createHttpClient(options: {
    poolIdleTimeout?: number;
    poolMaxIdlePerHost?: number;
    proxy?: { url: string };
  }): { close(): void };
}

const PATIENCE_MS = 6000;
const deno = (globalThis as { Deno?: DenoHttp }).Deno;
const { deno: denoVersion, bun: bunVersion, node } = process.versions as Record<string, string | undefined>;

const proxied = process.argv[2] === "proxied";

serveCases(versionHere(), (tune: Tune, port: string): CaseClient => {
  const proxy = `http://127.0.0.1:${port}`;
  const client = deno?.createHttpClient({
    ...(tune.idleTimeoutMs !== undefined && { poolIdleTimeout: tune.idleTimeoutMs }),
    ...(tune.maxIdlePerOrigin !== undefined && { poolMaxIdlePerHost: tune.maxIdlePerOrigin }),
    ...(proxied && { proxy: { url: proxy } }),
  });
  return {
    async send(method, url) {
      const body = method === "POST" || method === "PUT" ? BODY : undefined;
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const options: RequestInit = { method, ...(body && { body }), redirect: "manual", signal };
      // Each runtime knows one of these options.
      const own = client === undefined ? { ...(proxied && { proxy }) } : { client };
      const response = await fetch(url, { ...options, ...own });
      await response.arrayBuffer();
      return response.status;
    },
    close: () => client?.close(),
  };
});

function versionHere(): string {
  if (denoVersion !== undefined) return `Deno ${denoVersion}`;
  return bunVersion === undefined ? `Node ${node} fetch` : `Bun ${bunVersion}`;
}
