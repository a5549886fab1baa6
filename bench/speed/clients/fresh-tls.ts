/** Fresh TLS: clients that open a connection for each request, and resume the TLS session where they can. */

import { get, Agent as HttpsAgent } from "node:https";
import { Agent, request } from "undici";
import { createPool } from "../../../mod.ts";
import { type Client, checkStatus, fetchClient } from "./sender.ts";

interface DenoLike {
  createHttpClient(options: { poolMaxIdlePerHost: number; caCerts: string[] }): unknown;
}

const { Bun, Deno } = globalThis as unknown as { Bun?: unknown; Deno?: DenoLike };

/** The runtime's `fetch`, told in its own way to keep nothing. */
const builtIn: Client = (launch) => {
  const { ca = "" } = launch;
  const client = Deno?.createHttpClient({ poolMaxIdlePerHost: 0, caCerts: [ca] });
  const closing = Bun === undefined ? { headers: { connection: "close" } } : { keepalive: false };
  const init = client === undefined ? closing : { client };
  return fetchClient((url) => fetch(url, init as RequestInit))(launch);
};

const viaUndici: Client = ({ url, ca, connections }) => {
  const dispatcher = new Agent({ connections, pipelining: 0, connect: { ca } });
  return async () => {
    const { statusCode, body } = await request(url, { dispatcher, reset: true });
    checkStatus(statusCode);
    return (await body.text()).length;
  };
};

/** Without `maxSockets`: an agent with a limit keeps a connection for a request that waits, whatever `keepAlive` says. */
const viaNode: Client = ({ url, ca }) => {
  const agent = new HttpsAgent({ keepAlive: false, ca });
  return () =>
    new Promise((resolve, reject) => {
      const sent = get(url, { agent }, (answer) => {
        let length = 0;
        answer.on("data", (piece: Buffer) => {
          length += piece.length;
        });
        answer.on("error", reject).on("end", () => resolve(length));
        checkStatus(answer.statusCode);
      });
      sent.on("error", reject);
    });
};

const onePerConnection = (ca = "") => createPool({ tls: { ca }, http2: false, maxRequests: 1 });

/** By the names that the other scenarios use. */
export const FRESH_TLS: Readonly<Record<string, Client>> = {
  "holdfast request": ({ url, ca }) => {
    const pool = onePerConnection(ca);
    return async () => {
      const response = await pool.request(url);
      checkStatus(response.status);
      return (await response.text()).length;
    };
  },
  "holdfast fetch": (launch) => fetchClient(onePerConnection(launch.ca).fetch)(launch),
  "built-in fetch": builtIn,
  "undici request": viaUndici,
  "node:http": viaNode,
};
