/** Clients: each HTTP/2 client of this runtime as one function. All get the certificate of the tests. */

import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { createPool } from "../../mod.ts";

export interface Call {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly body: string | undefined;
}

export interface Client {
  /** Returns the text of the response. */
  send(call: Call): Promise<string>;
  close(): Promise<void>;
}

export const CLIENT_TITLES = {
  "holdfast-request": "Holdfast request()",
  "holdfast-fetch": "Holdfast fetch()",
  builtin: "built-in fetch",
  "undici-request": "undici 8 request()",
  "undici-fetch": "undici 8 fetch()",
  "node-http2": "node:http2",
} as const;

export type ClientName = keyof typeof CLIENT_TITLES;

const ca = readFileSync(new URL("../../tests/certs/ca.pem", import.meta.url), "utf8");

const MAKERS: Readonly<Record<ClientName, () => Client | Promise<Client>>> = {
  "holdfast-request": () => holdfast("request"),
  "holdfast-fetch": () => holdfast("fetch"),
  builtin,
  "undici-request": () => undici("request"),
  "undici-fetch": () => undici("fetch"),
  "node-http2": nodeHttp2,
};

export function makeClient(name: ClientName): Client | Promise<Client> {
  return MAKERS[name]();
}

/**
 * The clients that speak HTTP/2 on a runtime. Node's own fetch does not, and undici 8 needs Node 22.
 */
export function clientsOf(runtime: string): readonly ClientName[] {
  const ours: readonly ClientName[] = ["holdfast-request", "holdfast-fetch"];
  if (runtime.startsWith("Deno") || runtime.startsWith("Bun")) return [...ours, "builtin", "node-http2"];
  const major = Number.parseInt(runtime.split(" ")[1] ?? "", 10);
  return major >= 22 ? [...ours, "undici-request", "undici-fetch", "node-http2"] : [...ours, "node-http2"];
}

function holdfast(way: "request" | "fetch"): Client {
  const pool = createPool({ tls: { ca } });
  return {
    async send({ url, method, body }) {
      const response = await pool[way](url, body === undefined ? { method } : { method, body });
      return await response.text();
    },
    close: () => pool.close(),
  };
}

interface Deno {
  createHttpClient(options: { caCerts: string[] }): object;
}

/** Deno's fetch takes the certificate by a client of its own, Bun's by an option, which also says HTTP/2. */
function builtin(): Client {
  const { Deno } = globalThis as { readonly Deno?: Deno };
  const own =
    Deno === undefined
      ? { tls: { ca }, protocol: "http2" }
      : { client: Deno.createHttpClient({ caCerts: [ca] }) };
  return {
    async send({ url, method, body }) {
      const init = { method, ...(body === undefined ? {} : { body }), ...own } as RequestInit;
      return await (await fetch(url, init)).text();
    },
    close: async () => {},
  };
}

async function undici(way: "request" | "fetch"): Promise<Client> {
  const { Agent, request, fetch: undiciFetch } = await import("undici");
  const dispatcher = new Agent({ allowH2: true, connections: 1, connect: { ca } });
  return {
    async send({ url, method, body }) {
      if (way === "request")
        return (await request(url, { method, body: body ?? null, dispatcher })).body.text();
      return (await undiciFetch(url, { method, body: body ?? null, dispatcher })).text();
    },
    close: () => dispatcher.close(),
  };
}

/** A new session when the last one takes no more requests, as its documentation advises. */
function nodeHttp2(): Client {
  let session: http2.ClientHttp2Session | undefined;
  const current = (origin: string): http2.ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = http2.connect(origin, { ca });
      session.on("error", () => {}); // its requests fail, too
    }
    return session;
  };
  return {
    send: ({ url, method, body }) =>
      new Promise((resolve, reject) => {
        const { origin, pathname } = new URL(url);
        const stream = current(origin).request({ ":path": pathname, ":method": method });
        let text = "";
        let status: number | undefined;
        stream.setEncoding("utf8");
        stream.on("response", (headers) => {
          status = headers[":status"];
        });
        stream.on("data", (piece: string) => {
          text += piece;
        });
        stream.on("error", reject);
        stream.on("close", () => {
          if (status !== undefined && stream.rstCode === 0) resolve(text);
          else reject(new Error(`The stream was closed with code ${stream.rstCode}`));
        });
        stream.end(body);
      }),
    close: async () => session?.destroy(),
  };
}
