/** Clients: all clients that take part, each as one function. */

import { Agent, request as nodeRequest } from "node:http";
import process from "node:process";
import type { Dispatcher } from "undici";
import { createPool } from "../../mod.ts";
import { dispatcher, setGlobalDispatcher } from "../../src/dispatcher/mod.ts";
import { AGENT_CLIENTS, type AgentClientName, agentClient } from "./agent-clients.ts";
import type { Method } from "./schedule.ts";

export interface Call {
  readonly url: string;
  readonly method: Method;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

export interface Client {
  /** Returns the text of the response. */
  send(call: Call): Promise<string>;
  /** Closes every connection; `undefined` if the client cannot. */
  readonly close: (() => Promise<void>) | undefined;
}

const OWN_TITLES = {
  "holdfast-request": "Holdfast request()",
  "holdfast-fetch": "Holdfast fetch()",
  builtin: "built-in fetch",
  "holdfast-undici": "undici request() over dispatcher()",
  "holdfast-undici-fetch": "undici fetch() over dispatcher()",
  "holdfast-builtin": "built-in fetch over dispatcher()",
  undici: "undici request()",
  "undici-fetch": "undici fetch()",
  "node-http": "node:http keepAlive",
} as const;

type OwnName = keyof typeof OWN_TITLES;
export type ClientName = OwnName | AgentClientName;

export const CLIENT_TITLES: Readonly<Record<ClientName, string>> = { ...OWN_TITLES, ...AGENT_CLIENTS };

/** The same limit for all clients, where it can be set. */
const CONNECTIONS = 64;

const MAKERS: Readonly<Record<OwnName, () => Client | Promise<Client>>> = {
  "holdfast-request": holdfastRequest,
  "holdfast-fetch": holdfastFetch,
  builtin: builtin,
  "holdfast-undici": async () => requestOver(await poolDispatcher()),
  "holdfast-undici-fetch": async () => fetchOver(await poolDispatcher()),
  "holdfast-builtin": builtinOverPool,
  undici: async () => requestOver(await agent()),
  "undici-fetch": async () => fetchOver(await agent()),
  "node-http": nodeHttp,
};

export function makeClient(name: ClientName): Client | Promise<Client> {
  return name in MAKERS ? MAKERS[name as OwnName]() : agentClient(name as AgentClientName);
}

function holdfastRequest(): Client {
  const pool = createPool();
  return {
    async send({ url, method, body }) {
      const response = await pool.request(url, body === undefined ? { method } : { method, body });
      return response.text();
    },
    close: () => pool.close(),
  };
}

function holdfastFetch(): Client {
  const pool = createPool();
  return {
    async send({ url, method, body }) {
      const response = await pool.fetch(url, body === undefined ? { method } : { method, body });
      return response.text();
    },
    close: () => pool.close(),
  };
}

interface Closable {
  close(): Promise<void>;
}

function builtin(): Client {
  return {
    async send({ url, method, body }) {
      const response = await fetch(url, body === undefined ? { method } : { method, body });
      return response.text();
    },
    get close() {
      // Node's fetch has a dispatcher that can be closed. The pools of Deno's and Bun's fetch are out of reach.
      const dispatcher = (globalThis as Readonly<Record<symbol, Closable | undefined>>)[
        Symbol.for("undici.globalDispatcher.1")
      ];
      return dispatcher === undefined ? undefined : () => dispatcher.close();
    },
  };
}

/** undici, and a dispatcher for it. */
interface Undici {
  readonly undici: typeof import("undici");
  readonly dispatcher: Dispatcher;
}

/** undici's own. */
async function agent(): Promise<Undici> {
  const undici = await importUndici();
  return { undici, dispatcher: new undici.Agent({ connections: CONNECTIONS }) };
}

/** A pool's. */
async function poolDispatcher(): Promise<Undici> {
  const undici = await importUndici();
  return { undici, dispatcher: dispatcher({}, undici.Dispatcher) };
}

function requestOver({ undici, dispatcher }: Undici): Client {
  return {
    async send({ url, method, body }) {
      const response = await undici.request(url, { method, body: body ?? null, dispatcher });
      return response.body.text();
    },
    close: () => dispatcher.close(),
  };
}

function fetchOver({ undici, dispatcher }: Undici): Client {
  return {
    async send({ url, method, body }) {
      const response = await undici.fetch(url, { method, body: body ?? null, dispatcher });
      return response.text();
    },
    close: () => dispatcher.close(),
  };
}

/** Node's own fetch, with a pool as its default dispatcher. */
function builtinOverPool(): Client {
  setGlobalDispatcher(dispatcher());
  return builtin();
}

/** The newest undici that this Node can run. The calls used are the same in both. */
async function importUndici(): Promise<typeof import("undici")> {
  const isOld = Number.parseInt(process.versions.node, 10) < 22;
  return isOld ? ((await import("undici7")) as unknown as typeof import("undici")) : await import("undici");
}

function nodeHttp(): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return {
    send: ({ url, method, body }) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { "content-length": String(body.length) };
        const request = nodeRequest(url, { agent, method, headers: length }, (response) => {
          let text = "";
          response.setEncoding("latin1");
          response.on("data", (piece: string) => {
            text += piece;
          });
          response.on("end", () => {
            if (response.complete) resolve(text);
            else reject(new Error("The response was cut short"));
          });
          response.on("error", reject);
        });
        request.on("error", reject);
        request.end(body);
      }),
    close: async () => agent.destroy(),
  };
}
