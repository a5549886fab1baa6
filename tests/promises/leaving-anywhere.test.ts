/** Promise: a program may leave a body at any byte and in any way, whatever the server does then. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { Prng } from "../support/prng.ts";
import { type Service, service } from "../support/service.ts";

const ROUNDS = 400;
const OK = "HTTP/1.1 200 OK\r\n";

/** How long the rest of a body may linger, in ms, by how it is framed. */
const LINGERS = { length: 1000, chunked: 100, close: 0 } as const;

type Bytes = ReadableStream<Uint8Array>;

const WAYS: Readonly<Record<string, (body: Bytes, abort: () => void) => Promise<unknown> | undefined>> = {
  cancel: (body) => body.cancel(),
  reader: (body) => body.getReader().cancel(),
  // Whether it reads first is left to chance: a piece may not have come yet.
  break: async (body) => {
    const reader = body.getReader();
    void reader.read().catch(() => {});
    await settled();
    await reader.cancel();
  },
  tee: (body) => {
    const [one, two] = body.tee();
    return Promise.all([one.cancel(), two.cancel()]);
  },
  abort: (_body, abort) => {
    abort();
    return undefined;
  },
};

/** A whole message with a body of some pieces. */
function message(framing: keyof typeof LINGERS, prng: Prng): string {
  const body = "x".repeat(prng.below(201));
  if (framing === "length") return `${OK}content-length: ${body.length}\r\n\r\n${body}`;
  if (framing === "close") return `${OK}\r\n${body}`;
  const size = 1 + prng.below(50);
  let text = `${OK}transfer-encoding: chunked\r\n\r\n`;
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/** What the server does with the rest, for `forMs`. */
async function goOn(
  { clock }: Service,
  peer: MemoryPeer,
  rest: string,
  forMs: number,
  prng: Prng,
): Promise<void> {
  const until = clock.now() + forMs;
  const pass = (ms: number) => clock.advance(Math.min(ms, until - clock.now()));
  const plan = prng.among("all", "drips", "part", "nothing", "end", "reset", "surplus");
  if (plan === "end") peer.end();
  if (plan === "reset") peer.reset();
  if (plan === "surplus") peer.send(`${rest}HTTP/1.1 200 OK\r\n`);
  if (plan === "all" || plan === "part") {
    await pass(prng.below(120));
    peer.send(plan === "all" ? rest : rest.slice(0, prng.below(rest.length + 1)));
  }
  if (plan === "drips") {
    for (const byte of rest) {
      peer.send(byte);
      await pass(1 + prng.below(20));
    }
  }
  await pass(forMs);
}

async function leaveSomewhere(seed: number): Promise<void> {
  const prng = new Prng(seed);
  const framing = prng.among("length", "chunked", "close");
  const [whole, api, way] = [
    message(framing, prng),
    prng.among<"request" | "fetch">("request", "fetch"),
    prng.among("cancel", ...Object.keys(WAYS)),
  ];
  const headEnd = whole.indexOf("\r\n\r\n") + 4;
  const cut = headEnd + prng.below(whole.length - headEnd + 1);
  const accept = (peer: MemoryPeer) => {
    let asked = peer.id === 1 ? 0 : 1;
    peer.onData(() => {
      peer.send(asked === 0 ? whole.slice(0, cut) : `${OK}content-length: 5\r\n\r\nother`);
      asked += 1;
    });
  };
  const world = service({ maxConnections: 1 }, undefined, { respond: undefined, accept });
  const controller = new AbortController();
  const response = await world.pool[api]("http://a.test/", { signal: controller.signal });
  const { body } = response;
  if (body !== null) await WAYS[way]?.(body, () => controller.abort())?.catch(() => {});
  const [peer] = world.transport.peers;
  assert(peer !== undefined);
  await goOn(world, peer, whole.slice(cut), LINGERS[framing], prng);
  const about = `seed ${seed}: ${way} of ${api}, ${JSON.stringify(whole)} cut at ${cut}`;
  const { active, failures } = world.pool.stats();
  assertEquals(active, 0, about);
  const ends = world.events.filter(({ type }) => type === "request.finished" || type === "request.failed");
  assertEquals(ends.length, 1, about);
  if (way !== "abort") assertEquals(failures, 0, about);
  // The connection is closed or fully usable. In either case there is room for another request.
  assertEquals(await (await world.pool.request("http://a.test/")).text(), "other", about);
}

describe("a body that is left anywhere", () => {
  it(`leaves nothing behind, in ${ROUNDS} ways`, async () => {
    for (let seed = 1; seed <= ROUNDS; seed++) await leaveSomewhere(seed);
  });
});
