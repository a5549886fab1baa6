/** Buffers that a program fills again as soon as `node:http` has called back for a write, while the peer reads late. */

import http, { type ClientRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex, Writable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { agent, type HoldfastAgent } from "../../src/agent/mod.ts";
import { ALL_BYTES, fillPiece, LateReader, PIECE_BYTES, PIECES, RIGHT } from "../support/late-reader.ts";
import { PATIENT } from "../support/patience.ts";

/** Writes with one buffer. Calls `behind` once, when the first write is not done within a turn of the event loop. */
async function writeAll(stream: Writable, behind: () => void): Promise<void> {
  const buffer = new Uint8Array(PIECE_BYTES);
  let isBehind = false;
  for (let count = 0; count < PIECES; count++) {
    fillPiece(buffer, count);
    const done = new Promise<boolean>((resolve) => stream.write(buffer, () => resolve(true)));
    const turn = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 0));
    if (!(await Promise.race([done, turn])) && !isBehind) {
      isBehind = true;
      behind();
    }
    await done;
  }
  if (!isBehind) behind();
}

/** How a request becomes something to write to. */
interface Way {
  readonly headers: Readonly<Record<string, string>>;
  writable(request: ClientRequest): Writable | Promise<Writable>;
}

const WAYS: Readonly<Record<string, Way>> = {
  "in a request": {
    headers: { "Content-Length": String(ALL_BYTES) },
    writable: (request) => request,
  },
  "on a socket of an upgrade": {
    headers: { Connection: "upgrade", Upgrade: "bytes" },
    writable(request) {
      const upgraded = new Promise<Duplex>((resolve) =>
        request.on("upgrade", (_, socket) => resolve(socket)),
      );
      request.end();
      return upgraded;
    },
  },
};

describe("a buffer that is used again once a write is done", () => {
  let server: Server;
  let front: HoldfastAgent;
  let port: number;
  let accepted: (reader: LateReader) => void;

  before(async () => {
    server = http.createServer((request: IncomingMessage) => accepted(new LateReader(request)));
    server.on("upgrade", (_, socket: Duplex) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: bytes\r\n\r\n");
      accepted(new LateReader(socket));
    });
    front = agent();
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(async () => {
    await front.pool.close({ timeout: 0 });
    server.close();
    server.closeAllConnections?.();
  });

  for (const [where, { headers, writable }] of Object.entries(WAYS))
    it(`is sent right ${where}`, PATIENT, async () => {
      const received = new Promise<LateReader>((resolve) => {
        accepted = resolve;
      });
      const request = http.request({ port, host: "127.0.0.1", method: "POST", agent: front, headers });
      request.on("error", () => {}); // the server never answers
      const stream = await writable(request);
      stream.on("error", () => {});
      let verdict: Promise<string> | undefined;
      await writeAll(stream, () => {
        verdict = received.then((reader) => reader.read());
      });
      const seen = await verdict;
      stream.destroy();
      assertEquals(seen, RIGHT);
    });
});
