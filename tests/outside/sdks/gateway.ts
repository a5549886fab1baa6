/** Gateway: a client of a proxy that passes requests on. */

import { once } from "node:events";
import { Agent, type IncomingMessage, request as nodeRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, joined } from "../driver.ts";

/** Where a server listens. */
export async function proxied(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Without it the client would say `Connection: close`, which some proxies pass on. */
const agent = new Agent({ keepAlive: true });

function ask(url: string, signal?: AbortSignal, payload?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const method = payload === undefined ? "GET" : "PUT";
    const headers = payload === undefined ? {} : { "content-type": "text/plain" };
    const options = { method, agent, headers, ...(signal === undefined ? {} : { signal }) };
    nodeRequest(url, options, resolve).on("error", reject).end(payload);
  });
}

async function answerOf(response: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const piece of response) text += piece;
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  return JSON.parse(text);
}

/** A client of the proxy at `url`. */
export function visited(url: string): Client {
  return {
    request: async (signal) => answerOf(await ask(`${url}/item`, signal)),
    stream: async (more) => joined(await ask(`${url}/stream`), String, more),
    upload: async (payload) => answerOf(await ask(`${url}/upload`, undefined, payload)),
  };
}
