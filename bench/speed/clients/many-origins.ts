/** Many origins: clients that go to another origin with each request, once each has its connections. */

import { Agent, get } from "node:http";
import { request, Agent as UndiciAgent } from "undici";
import { createPool, type Pool } from "../../../mod.ts";
import { CONNECTIONS_EACH } from "../launch.ts";
import { type Client, checkStatus } from "./sender.ts";

type SendTo = (url: string) => Promise<number>;

/** A pool whose limits are those that the scenario tells the others. */
function poolFor(origins: number): Pool {
  const maxConnections = origins * CONNECTIONS_EACH;
  return createPool({ http2: false, maxConnections, maxConnectionsPerOrigin: CONNECTIONS_EACH });
}

function byFetch(call: (url: string) => Promise<{ status: number; text(): Promise<string> }>): SendTo {
  return async (url) => {
    const response = await call(url);
    checkStatus(response.status);
    return (await response.text()).length;
  };
}

function viaUndici(): SendTo {
  const dispatcher = new UndiciAgent({ connections: CONNECTIONS_EACH });
  return async (url) => {
    const { statusCode, body } = await request(url, { dispatcher });
    checkStatus(statusCode);
    return (await body.text()).length;
  };
}

function viaNode(): SendTo {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_EACH });
  return (url) =>
    new Promise((resolve, reject) => {
      const sent = get(url, { agent }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        answer.on("error", reject).on("end", () => resolve(text.length));
        checkStatus(answer.statusCode);
      });
      sent.on("error", reject);
    });
}

const MAKERS: Readonly<Record<string, (origins: number) => SendTo>> = {
  "holdfast request": (origins) => {
    const pool = poolFor(origins);
    return byFetch((url) => pool.request(url));
  },
  "holdfast fetch": (origins) => byFetch(poolFor(origins).fetch),
  "built-in fetch": () => byFetch(fetch),
  "undici request": viaUndici,
  "node:http": viaNode,
};

/** How many origins get their connections at a time. */
const OPENED_TOGETHER = 50;

/** The same order for every client: the generator of Numerical Recipes, whose high bits are random enough. */
function random(below: number): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Sends as many requests to each origin at once as it gets connections, before it goes to them at random. */
export const manyOrigins: Client = async ({ kind, urls = [] }) => {
  const make = MAKERS[kind];
  if (make === undefined) throw new Error(`"${kind}" does not visit many origins`);
  const send = make(urls.length);
  for (let at = 0; at < urls.length; at += OPENED_TOGETHER) {
    const some = urls.slice(at, at + OPENED_TOGETHER);
    await Promise.all(some.flatMap((url) => Array.from({ length: CONNECTIONS_EACH }, () => send(url))));
  }
  const next = random(urls.length);
  return () => send(urls[next()] ?? "");
};
