/**
 * Bytes that a peer sent before it reset the connection are delivered, even if a write fails first. A server that refuses an
 * upload sends a response and closes with bytes unread, which causes an RST.
 */

import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { eventually } from "../support/patience.ts";
import { isNode, moment, open, pem, target, tcpServer, tlsServer } from "./support.ts";

const REFUSAL = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge";

/** More than the kernel's buffers on both sides hold, so that the upload is never complete. */
const LARGE = 12_000_000;

const TIMES = 30;

interface Refusing extends AsyncDisposable {
  readonly url: string;
  /** Resolves in the call in which the server responded on the next connection and left it. */
  answered(): Promise<void>;
}

type Kind = "http" | "https";

/** A server that responds to the first bytes of a request, reads no more, and leaves in the given way. */
async function refusing(kind: Kind, leave: (socket: Socket) => void): Promise<Refusing> {
  let tell = (): void => {};
  const serve = (socket: Socket): void => {
    socket.once("data", () => {
      socket.pause();
      socket.write(REFUSAL);
      leave(socket);
      tell();
    });
  };
  const server = await (kind === "http" ? tcpServer(serve) : tlsServer(serve));
  return {
    url: `${kind}://localhost:${server.port}/`,
    answered: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const LEAVING: Record<string, (socket: Socket) => void> = {
  "closes with bytes unread": (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
};

/** Bodies that are written after the server has responded and left. */
const BODIES: Record<string, (answered: Promise<void>) => () => AsyncIterable<Uint8Array>> = {
  "a piece at a time": (answered) =>
    async function* () {
      yield new Uint8Array(1000);
      await answered;
      for (let piece = 0; piece < 3; piece++) yield new Uint8Array(1000);
      yield new Uint8Array(LARGE);
    },
  "in large pieces": (answered) =>
    async function* () {
      yield new Uint8Array(1000);
      await answered;
      for (let piece = 0; piece < 10; piece++) yield new Uint8Array(LARGE / 10);
    },
};

function outcome(sending: Promise<{ status: number; text(): Promise<string> }>): Promise<string> {
  return sending
    .then(async (response) => `${response.status} ${await response.text()}`)
    .catch((error) => (error instanceof HoldfastError ? error.code : String(error)));
}

describe("the response of a server that refuses an upload and", () => {
  for (const [how, leave] of Object.entries(LEAVING)) {
    for (const [pace, bodyOf] of Object.entries(BODIES)) {
      it(`${how} is delivered, though the upload comes ${pace}`, async () => {
        await using server = await refusing("http", leave);
        await using pool = createPool();
        const outcomes: string[] = [];
        for (let time = 0; time < TIMES; time++) {
          const body = bodyOf(server.answered());
          outcomes.push(await outcome(pool.request(server.url, { method: "POST", body })));
        }
        assertEquals(outcomes, Array(TIMES).fill("413 large"));
      });
    }

    it(`${how} is delivered, though all of the upload is ready`, async () => {
      await using server = await refusing("http", leave);
      await using pool = createPool();
      const body = new Uint8Array(LARGE);
      const outcomes: string[] = [];
      for (let time = 0; time < TIMES; time++)
        outcomes.push(await outcome(pool.request(server.url, { method: "POST", body })));
      assertEquals(outcomes, Array(TIMES).fill("413 large"));
    });
  }

  it("closes with bytes unread is delivered over TLS", async () => {
    await using server = await refusing("https", (socket) => socket.destroy());
    await using pool = createPool({ tls: { ca: pem("ca.pem") } });
    const outcomes: string[] = [];
    for (let time = 0; time < TIMES; time++) {
      const body = BODIES["a piece at a time"]?.(server.answered());
      outcomes.push(await outcome(pool.request(server.url, { method: "POST", body: body?.() ?? "" })));
    }
    assertEquals(outcomes, Array(TIMES).fill("413 large"));
  });
});

describe("a socket that is paused while its peer resets", () => {
  it("delivers the received bytes when it is resumed, and then its end", async () => {
    let left = (): void => {};
    const leaving = new Promise<void>((resolve) => {
      left = resolve;
    });
    await using peer = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write("last words");
        socket.resetAndDestroy();
        left();
      });
    });
    const { socket, seen } = await open(target(peer.port));
    socket.pause();
    socket.write("go\r\n");
    await leaving;
    socket.write("more");
    await moment();
    socket.write("and more");
    await moment();
    assertEquals([seen.text, seen.ends.length], ["", 0]);
    socket.resume();
    await seen.until(() => seen.ends.length > 0);
    assertEquals([seen.text, seen.ends.map((error) => error?.kind)], ["last words", ["reset"]]);
  });

  it("is destroyed when its owner closes it, and does not wait to be resumed", {
    skip: !isNode && "not Node",
  }, async () => {
    await using peer = await tcpServer(() => {});
    const { socket, seen } = await open(target(peer.port));
    const raw = socket.native as Socket;
    socket.pause();
    (await peer.first()).resetAndDestroy();
    // Node tells of the failure in a later tick than it knows of it.
    await eventually(() => {
      const failed = raw.errored !== null;
      if (!failed) socket.write("more", new Uint8Array(1));
      return failed;
    }, "a write that fails");
    assertEquals([raw.destroyed, seen.ends.length], [false, 0]);
    socket.close();
    assertEquals(raw.destroyed, true);
  });
});
