/**
 * Library cost: the cost of a request without a network, on sockets that answer from memory at the end of the turn.
 * Together with the cost of a raw socket, it shows where the time of a request goes. Prints one JSON line.
 */

import process from "node:process";
import { createPool } from "../../mod.ts";
import type { SocketHandler } from "../../src/contract/transport.ts";
import { silentNetwork } from "./silent-network.ts";

/** Nanoseconds per request whose body is read as text. */
export interface LibraryCost {
  readonly requestNanos: number;
  readonly fetchNanos: number;
}

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Fri, 20 Nov 2026 18:00:00 GMT\r\nServer: bench\r\n";
const BODY = "x".repeat(100);
const ANSWER = new TextEncoder().encode(`${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`);

let asked: SocketHandler[] = [];

function answerAll(): void {
  const handlers = asked;
  asked = [];
  for (const handler of handlers) handler.data(ANSWER, ANSWER.length);
}

const URL = "http://127.0.0.1/small";
const CONNECTIONS = 50;
const REQUESTS = 100_000;

/** The best of several batches, which excludes other work of the machine. */
async function nanos(send: () => Promise<string>): Promise<number> {
  let best = Infinity;
  for (let batch = 0; batch < 8; batch++) {
    let left = REQUESTS;
    const loop = async (): Promise<void> => {
      while (left-- > 0) if ((await send()) !== BODY) throw new Error("Not the body that was sent");
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: CONNECTIONS }, loop));
    best = Math.min(best, performance.now() - startedAt);
  }
  return (best / REQUESTS) * 1e6;
}

const transport = await silentNetwork((handler) => () => {
  if (asked.push(handler) === 1) setImmediate(answerAll);
});
const pool = createPool({ transport, tcpKeepAlive: false });
const requestNanos = await nanos(() => pool.request(URL).then((response) => response.text()));
const fetchNanos = await nanos(() => pool.fetch(URL).then((response) => response.text()));
console.log(JSON.stringify({ requestNanos, fetchNanos } satisfies LibraryCost));
process.exit(0);
