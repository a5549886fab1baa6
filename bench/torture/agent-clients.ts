/**
 * Agent clients: what is built on `node:http`, each over a pool's agent and over the agents that people use. axios and got are
 * development dependencies; superagent and what is used of the AWS SDK are installed by `npm run fronts`.
 */

import { Agent, globalAgent, type IncomingMessage, request as nodeRequest } from "node:http";
import { createRequire } from "node:module";
import KeepAliveAgent from "agentkeepalive";
import { root } from "../../scripts/entries.ts";
import { agent } from "../../src/agent/mod.ts";
import type { Call, Client } from "./clients.ts";
import { type S3Module, s3Sender } from "./s3-client.ts";

/** Where `npm run fronts` installs what the repository does not. */
export const FRONTS_HOME = `${root}.cache/fronts/`;

/** The same limit for all agents, where it can be set. */
const CONNECTIONS = 64;

interface Given {
  readonly agent: Agent;
  readonly close: () => Promise<void>;
}

const AGENTS = {
  holdfast: (): Given => {
    const own = agent();
    return { agent: own, close: () => own.pool.close() };
  },
  global: (): Given => kept(globalAgent),
  keepalive: (): Given => kept(new Agent({ keepAlive: true, maxSockets: CONNECTIONS })),
  agentkeepalive: (): Given => kept(new KeepAliveAgent({ maxSockets: CONNECTIONS }) as unknown as Agent),
} as const;

function kept(own: Agent): Given {
  return { agent: own, close: async () => own.destroy() };
}

const AGENT_TITLES: Readonly<Record<keyof typeof AGENTS, string>> = {
  holdfast: "agent()",
  global: "http.globalAgent",
  keepalive: "http.Agent, keepAlive",
  agentkeepalive: "agentkeepalive",
};

type Send = (call: Call) => Promise<string>;

const LIBRARIES = {
  node: nodeSender,
  axios: axiosSender,
  got: gotSender,
  superagent: superagentSender,
  smithy: smithySender,
  s3: async (by: Agent) => s3Sender(installed<S3Module>("@aws-sdk/client-s3"), by, textOf),
} as const;

const LIBRARY_TITLES: Readonly<Record<keyof typeof LIBRARIES, string>> = {
  node: "node:http",
  axios: "axios",
  got: "got",
  superagent: "superagent",
  smithy: "NodeHttpHandler",
  s3: "S3 client",
};

/** What `npm run fronts` installs, in the versions of `tests/outside/sdks`. */
export const PACKAGES: readonly string[] = ["superagent", "@smithy/node-http-handler", "@aws-sdk/client-s3"];

/** `node`, `axios` … */
export type LibraryName = keyof typeof LIBRARIES;

/** The clients of one library: the pool's agent and the others. */
export function clientsOf(library: LibraryName): AgentClientName[] {
  return (Object.keys(AGENTS) as (keyof typeof AGENTS)[]).map((by) => `${by}-${library}` as const);
}

/** All libraries. */
export const LIBRARY_NAMES = Object.keys(LIBRARIES) as readonly LibraryName[];

/** `holdfast-axios`, `keepalive-axios` … */
export type AgentClientName = `${keyof typeof AGENTS}-${keyof typeof LIBRARIES}`;

/** All of them, with titles. */
export const AGENT_CLIENTS = Object.fromEntries(
  Object.entries(LIBRARY_TITLES).flatMap(([library, title]) =>
    Object.entries(AGENT_TITLES).map(([by, agentTitle]) => [
      `${by}-${library}`,
      `${title} over ${agentTitle}`,
    ]),
  ),
) as Readonly<Record<AgentClientName, string>>;

/** Makes one. */
export async function agentClient(name: AgentClientName): Promise<Client> {
  const [by, library] = name.split("-") as [keyof typeof AGENTS, keyof typeof LIBRARIES];
  const given = AGENTS[by]();
  return { send: await LIBRARIES[library](given.agent), close: given.close };
}

function nodeSender(by: Agent): Send {
  return ({ url, method, body }) =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-length": String(body.length) };
      const request = nodeRequest(url, { agent: by, method, headers }, (response) => {
        textOf(response).then(resolve, reject);
      });
      request.on("error", reject);
      request.end(body);
    });
}

function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
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
}

async function axiosSender(by: Agent): Promise<Send> {
  const { default: axios } = await import("axios");
  const client = axios.create({
    adapter: "http",
    httpAgent: by,
    proxy: false,
    responseType: "text",
    maxBodyLength: Infinity,
    transformResponse: [(text: string) => text],
  });
  return async ({ url, method, body }) => {
    const data = body === undefined ? {} : { data: Buffer.from(body) };
    return (await client.request<string>({ url, method, ...data })).data;
  };
}

async function gotSender(by: Agent): Promise<Send> {
  const { default: got } = await import("got");
  // Its own retries would hide what the agent does.
  const client = got.extend({ agent: { http: by }, retry: { limit: 0 } });
  return async ({ url, method, body }) => {
    const response = await client(url, {
      method,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
    return response.body;
  };
}

/** What is used of superagent. */
interface SuperagentRequest extends PromiseLike<{ readonly text: string }> {
  agent(by: Agent): SuperagentRequest;
  type(name: string): SuperagentRequest;
  buffer(whole: boolean): SuperagentRequest;
  send(body: Buffer): SuperagentRequest;
}

function superagentSender(by: Agent): Send {
  const superagent = installed<(method: string, url: string) => SuperagentRequest>("superagent");
  return async ({ url, method, body }) => {
    const begun = superagent(method, url).agent(by).buffer(true);
    const whole = body === undefined ? begun : begun.type("application/octet-stream").send(Buffer.from(body));
    return (await whole).text;
  };
}

/** What is used of the AWS SDK's HTTP handler. */
interface Smithy {
  readonly NodeHttpHandler: new (options: {
    httpAgent: Agent;
  }) => { handle(request: object): Promise<{ response: { body: IncomingMessage } }> };
}

function smithySender(by: Agent): Send {
  const { NodeHttpHandler } = installed<Smithy>("@smithy/node-http-handler");
  const handler = new NodeHttpHandler({ httpAgent: by });
  return async ({ url, method, body }) => {
    const { hostname, port, pathname, protocol } = new URL(url);
    const headers = body === undefined ? {} : { "content-length": String(body.length) };
    const request = {
      protocol,
      hostname,
      port: Number(port),
      path: pathname,
      query: {},
      method,
      headers,
      body,
    };
    return textOf((await handler.handle(request)).response.body);
  };
}

function installed<Module>(name: string): Module {
  return createRequire(`${FRONTS_HOME}package.json`)(name) as Module;
}
