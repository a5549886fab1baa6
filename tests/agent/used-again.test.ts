/** Buffers that a program fills again as soon as `node:http` has called back for a write, while the peer reads late. */

import http, { type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { agent, type HoldfastAgent } from "../../src/agent/mod.ts";
import { PATIENT } from "../support/patience.ts";

const LENGTH = 9000;
const COUNT = 1500;

/** Reads nothing until `read` is called; then everything. Answers with the place of the first wrong byte, and the length. */
class LateReader {
  readonly #stream: Readable;
  #at = 0;
  #wrong = -1;

  constructor(stream: Readable) {
    this.#stream = stream.pause();
    stream.on("error", () => {}); // the client drops it in the end
  }

  read(): Promise<string> {
    this.#stream.on("data", (bytes: Uint8Array) => {
      const wrong = bytes.findIndex((byte, at) => byte !== Math.floor((this.#at + at) / LENGTH) % 251);
      if (this.#wrong < 0 && wrong >= 0) this.#wrong = this.#at + wrong;
      this.#at += bytes.length;
      if (this.#at === LENGTH * COUNT) this.#stream.emit("whole");
    });
    this.#stream.resume();
    return new Promise((resolve) => this.#stream.once("whole", () => resolve(`${this.#wrong} ${this.#at}`)));
  }
}

/** Writes with one buffer. Calls `behind` once, when the first write is not done within a turn of the event loop. */
async function writeAll(stream: Writable, behind: () => void): Promise<void> {
  const buffer = new Uint8Array(LENGTH);
  let isBehind = false;
  for (let count = 0; count < COUNT; count++) {
    buffer.fill(count % 251);
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

describe("a buffer that is used again once a write is done", () => {
  let server: Server;
  let front: HoldfastAgent;
  let port: number;
  let reader: (stream: Readable) => void;

  before(async () => {
    server = http.createServer((request: IncomingMessage) => reader(request));
    server.on("upgrade", (_, socket: Duplex) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: bytes\r\n\r\n");
      reader(socket);
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

  it("is sent right in a request", PATIENT, async () => {
    const received = new Promise<LateReader>((resolve) => {
      reader = (stream) => resolve(new LateReader(stream));
    });
    const headers = { "Content-Length": String(LENGTH * COUNT) };
    const request = http.request({ port, host: "127.0.0.1", method: "POST", agent: front, headers });
    request.on("error", () => {}); // the server never answers
    let verdict: Promise<string> | undefined;
    await writeAll(request, () => {
      verdict = received.then((late) => late.read());
    });
    const seen = await verdict;
    request.destroy();
    assertEquals(seen, `-1 ${LENGTH * COUNT}`);
  });

  it("is sent right on a socket of an upgrade", PATIENT, async () => {
    const received = new Promise<LateReader>((resolve) => {
      reader = (stream) => resolve(new LateReader(stream));
    });
    const headers = { Connection: "upgrade", Upgrade: "bytes" };
    const request = http.request({ port, host: "127.0.0.1", agent: front, headers });
    const upgraded = new Promise<Duplex>((resolve) => request.on("upgrade", (_, socket) => resolve(socket)));
    request.end();
    const socket = await upgraded;
    socket.on("error", () => {});
    let verdict: Promise<string> | undefined;
    await writeAll(socket, () => {
      verdict = received.then((late) => late.read());
    });
    const seen = await verdict;
    socket.destroy();
    assertEquals(seen, `-1 ${LENGTH * COUNT}`);
  });
});
