/** Refusals: wrong options, URLs and headers are refused by name and value, before any socket is opened. */

import { createPool, type PoolOptions, type RequestOptions } from "../../../mod.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

/** A wrong value, the class of the error, and a text that the message must contain. */
type Row<T> = readonly [given: T, error: "RangeError" | "TypeError", ...named: readonly string[]];

/** Untyped, as a JavaScript program would pass them. */
const loose = (options: Readonly<Record<string, unknown>>): PoolOptions => options as PoolOptions;

const options: readonly Row<PoolOptions>[] = [
  [loose({ keepAliveTimeout: 1 }), "TypeError", "keepAliveTimeout", "idleTimeout"],
  [loose({ idleTimeout: -1 }), "RangeError", "idleTimeout", "-1"],
  [loose({ idleTimeout: NaN }), "RangeError", "idleTimeout", "NaN"],
  [loose({ idleTimeout: "5 minutes" }), "RangeError", "idleTimeout", "5 minutes"],
  [loose({ idleTimeout: null }), "TypeError", "idleTimeout", "null"],
  [loose({ maxLifetime: true }), "TypeError", "maxLifetime", "true"],
  [loose({ hintMargin: "1 s" }), "RangeError", "hintMargin", "1 s"],
  [loose({ lifetimeJitter: 1.5 }), "RangeError", "lifetimeJitter", "1.5"],
  [loose({ maxRequests: 0 }), "RangeError", "maxRequests", "0"],
  [loose({ maxRequests: 1.5 }), "RangeError", "maxRequests", "1.5"],
  [loose({ maxConnections: "many" }), "TypeError", "maxConnections", "many"],
  [loose({ maxIdlePerOrigin: -1 }), "RangeError", "maxIdlePerOrigin", "-1"],
  [
    loose({ maxConnections: 5, maxConnectionsPerOrigin: 6 }),
    "RangeError",
    "maxConnectionsPerOrigin",
    "6",
    "5",
  ],
  [loose({ reuseOrder: "random" }), "TypeError", "reuseOrder", "random"],
  [loose({ serverHints: "obey" }), "TypeError", "serverHints", "obey"],
  [loose({ acquireTimeout: 0 }), "RangeError", "acquireTimeout", "0"],
  [loose({ connectTimeout: "9s", requestTimeout: "5s" }), "RangeError", "connectTimeout", "9000", "5000"],
  [loose({ tcpKeepAlive: true }), "TypeError", "tcpKeepAlive", "true"],
  [loose({ tcpKeepAlive: { idle: "500ms" } }), "RangeError", "tcpKeepAlive.idle", "500ms"],
  [loose({ tcpKeepAlive: { probes: 0 } }), "RangeError", "tcpKeepAlive.probes", "0"],
  [loose({ tcpKeepAlive: { delay: 1 } }), "TypeError", "delay"],
  [loose({ noDelay: "yes" }), "TypeError", "noDelay", "yes"],
  [loose({ tls: { cert: "PEM" } }), "RangeError", "tls.key", "key is missing"],
  [loose({ tls: { sni: "a" } }), "TypeError", "sni"],
  [loose({ transport: "node" }), "TypeError", "transport", "node"],
  [loose({ strict: 1 }), "TypeError", "strict", "1"],
  [loose({ responseLimits: { headBytes: 0 } }), "RangeError", "responseLimits.headBytes", "0"],
  [loose({ onEvent: "log" }), "TypeError", "onEvent"],
];

const urls: readonly Row<string>[] = [
  ["/relative", "TypeError", "/relative"],
  ["", "TypeError", "absolute"],
  ["http://", "TypeError", "http://"],
  ["ftp://example.test/", "TypeError", "ftp:"],
  ["ws://example.test/", "TypeError", "ws:"],
  ["http://user:secret@example.test/", "TypeError", "credentials"],
  ["http://exa mple.test/", "TypeError", "exa mple"],
  ["http://example.test:99999/", "TypeError", "http://example.test:"],
];

const requests: readonly Row<RequestOptions>[] = [
  [{ headers: { "a b": "x" } }, "TypeError", "a b"],
  [{ headers: { "": "x" } }, "TypeError", "name"],
  [{ headers: { "x-a": "b\r\nx-c: d" } }, "TypeError", "x-a"],
  [{ headers: { "x-a": "b\0" } }, "TypeError", "x-a"],
  [{ headers: { "x-a": "\u{1f600}" } }, "TypeError", "x-a"],
  [{ headers: { "keep-alive": "timeout=5" } }, "TypeError", "keep-alive"],
  [{ headers: { "Proxy-Connection": "keep-alive" } }, "TypeError", "Proxy-Connection"],
  [
    { headers: { "Transfer-Encoding": "chunked" }, method: "POST", body: "x" },
    "TypeError",
    "transfer-encoding",
  ],
  [
    { headers: { "Content-Length": "2" }, method: "POST", body: "x" },
    "TypeError",
    "content-length",
    "2",
    "1",
  ],
  [{ headers: { "Content-Length": "abc" }, method: "POST", body: "x" }, "TypeError", "content-length", "abc"],
  [{ headers: { Connection: "upgrade" } }, "TypeError", "connection", "upgrade"],
  [{ headers: { Upgrade: "websocket" } }, "TypeError", "Upgrade"],
  [{ headers: { Expect: "200-ok" } }, "TypeError", "expect", "200-ok"],
  [
    {
      headers: [
        ["Host", "a"],
        ["host", "b"],
      ],
    },
    "TypeError",
    "host",
  ],
  [{ method: "GET", body: "x" }, "TypeError", "GET", "body"],
  [{ method: "HEAD", body: "x" }, "TypeError", "HEAD", "body"],
  [{ method: "BAD METHOD" }, "TypeError", "BAD METHOD"],
  [{ method: "CONNECT" }, "TypeError", "CONNECT"],
  [{ method: "" }, "TypeError", "Method"],
  [{ method: "POST", body: 5 as unknown as string }, "TypeError", "body", "5"],
  [{ timeout: 5 } as RequestOptions, "TypeError", "timeout"],
  [{ headersTimeout: 0 }, "RangeError", "headersTimeout", "0"],
  [{ requestTimeout: "soon" as "1s" }, "RangeError", "requestTimeout", "soon"],
];

/** Notes values that are not refused correctly, and counts the others. */
async function refuseAll<T>(
  { note }: Act,
  rows: readonly Row<T>[],
  attempt: (given: T) => unknown,
): Promise<void> {
  let refused = 0;
  for (const [given, kind, ...named] of rows) {
    const error = await failureOf(() => attempt(given));
    // fetch says why in the cause of a failure of the network.
    const { cause } = error ?? {};
    const said = `${error?.message} ${cause instanceof Error ? cause.message : ""}`.toLowerCase();
    const missing = named.filter((text) => !said.includes(text.toLowerCase()));
    if (error?.name === kind && missing.length === 0) refused += 1;
    else
      note(
        `${JSON.stringify(given)} gives ${error?.name}: ${error?.message} (without ${missing.join(", ")})`,
      );
  }
  note(`${refused} of ${rows.length} refused as they should be`);
}

async function failureOf(attempt: () => unknown): Promise<Error | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

export const refusals: Scenario[] = [
  {
    name: "Wrong options are refused by name and value",
    client: (act) => refuseAll(act, options, createPool),
    trace: `> ${options.length} of ${options.length} refused as they should be`,
  },
  {
    name: "Wrong URLs are refused before any socket is opened",
    client: (act) => refuseAll(act, urls, (url) => act.pool.request(url)),
    trace: `> ${urls.length} of ${urls.length} refused as they should be`,
  },
  {
    name: "Wrong URLs are refused by fetch too",
    client: (act) => refuseAll(act, urls, (url) => act.pool.fetch(url)),
    trace: `> ${urls.length} of ${urls.length} refused as they should be`,
  },
  {
    name: "Wrong URLs are refused by preconnect too",
    client: (act) => refuseAll(act, urls, (url) => act.pool.preconnect(url)),
    trace: `> ${urls.length} of ${urls.length} refused as they should be`,
  },
  {
    name: "Wrong request options are refused before any socket is opened",
    async client(act) {
      await refuseAll(act, requests, (given) => act.request("/", given));
      act.note(`${await act.accepted()} accepted`);
    },
    trace: `> ${requests.length} of ${requests.length} refused as they should be · > 0 accepted`,
  },
];
