/** Chunks of a body on Node: those that are at hand are one write, in memory that nobody else writes into meanwhile. */

import type { Socket as NetSocket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { nodeTransport } from "../../transports/node.ts";
import { guarded, isNode, patient, Recorder, settled, target, tcpServer } from "./support.ts";

/** With this and 65,536 bytes, what a stream gives. */
const FRAME = "10000\r\n";
const PIECE = 65_536;

/** A connection to a peer that reads when it is told to. */
async function connection() {
  let [text, changed] = ["", (): void => {}];
  const server = await tcpServer((peer) => {
    peer.pause().setEncoding("latin1");
    peer.on("data", (more: string) => {
      text += more;
      changed();
    });
    peer.on("end", () => {
      text += "FIN";
      changed();
    });
  });
  const handler = new Recorder();
  const socket = await nodeTransport.connect(target(server.port), handler, patient);
  const peer = await server.first();
  /** What the peer has read, once it is so long. */
  const read = async (length: number): Promise<string> => {
    peer.resume();
    const enough = new Promise<void>((resolve) => {
      changed = () => text.length >= length && resolve();
      changed();
    });
    await guarded(enough, `${length} bytes`);
    return text;
  };
  const close = async (): Promise<void> => {
    socket.abort();
    await server[Symbol.asyncDispose]();
  };
  const written = (): number => (socket.native as NetSocket).bytesWritten;
  return { socket, handler, read, written, [Symbol.asyncDispose]: close };
}

function writeChunk(socket: Socket, piece: Uint8Array): boolean {
  return socket.write(`${piece.length.toString(16)}\r\n`, piece, "\r\n");
}

const piecesOf = (length: number, ...letters: string[]) =>
  letters.map((letter) => new TextEncoder().encode(letter.repeat(length)));

describe("chunks of a body on Node", { skip: !isNode && "not Node" }, () => {
  it("that come within microtasks are one write with the head, and their buffer is the caller's again", async () => {
    await using at = await connection();
    const piece = new Uint8Array(3);
    at.socket.write("head ", undefined, undefined, true);
    for (const letter of "abc") {
      piece.fill(letter.charCodeAt(0));
      assertEquals(writeChunk(at.socket, piece), true);
      await undefined;
      await undefined;
    }
    at.socket.write(new TextEncoder().encode("0\r\n\r\n"));
    piece.fill(0);
    assertEquals([at.written(), at.socket.allWritten], [0, false]);
    await settled();
    const expected = "head 3\r\naaa\r\n3\r\nbbb\r\n3\r\nccc\r\n0\r\n\r\n";
    assertEquals([at.written(), at.socket.allWritten], [expected.length, true]);
    assertEquals(await at.read(expected.length), expected);
  });

  it("are written by 128 KiB until the kernel has taken a page at once, and then by 512", async () => {
    await using at = await connection();
    const [piece] = piecesOf(PIECE, "x") as [Uint8Array];
    const steps = new Set<number>();
    let before = 0;
    for (let count = 0; count < 12; count++) {
      writeChunk(at.socket, piece);
      if (at.written() > before) steps.add(at.written() - before);
      before = at.written();
    }
    const chunk = FRAME.length + PIECE + 2;
    assertEquals([...steps], [2 * chunk, 8 * chunk]);
    await settled();
    assertEquals(at.written(), 12 * chunk);
    assertEquals(
      (await at.read(12 * chunk)).replaceAll(`${FRAME}${"x".repeat(PIECE)}\r\n`, "."),
      ".".repeat(12),
    );
  });

  it("wait in memory that no other connection writes into while the kernel has not taken them", async () => {
    await using late = await connection();
    await using other = await connection();
    const [mine, theirs] = piecesOf(PIECE, "m", "t") as [Uint8Array, Uint8Array];
    let chunks = 0;
    do chunks += 1;
    while (writeChunk(late.socket, mine));
    assert(late.handler.drains === 0);
    await settled();
    for (let count = 0; count < 40; count++) writeChunk(other.socket, theirs);
    await settled();
    const text = await late.read(chunks * (FRAME.length + PIECE + 2));
    assertEquals(text.replaceAll(`${FRAME}${"m".repeat(PIECE)}\r\n`, "."), ".".repeat(chunks));
    await late.handler.until(() => late.handler.drains === 1);
    assertEquals(late.socket.allWritten, true);
  });

  it("that are too long to be joined come behind those that wait", async () => {
    await using at = await connection();
    const [short, long] = [...piecesOf(3, "s"), ...piecesOf(2 * PIECE, "l")] as [Uint8Array, Uint8Array];
    writeChunk(at.socket, short);
    writeChunk(at.socket, long);
    writeChunk(at.socket, short);
    const expected = `3\r\nsss\r\n20000\r\n${"l".repeat(2 * PIECE)}\r\n3\r\nsss\r\n`;
    assertEquals((await at.read(expected.length)) === expected, true);
  });

  it("come before FIN, by endWrites() and by close()", async () => {
    for (const end of ["endWrites", "close"] as const) {
      await using at = await connection();
      const [piece] = piecesOf(3, "a") as [Uint8Array];
      writeChunk(at.socket, piece);
      at.socket[end]?.();
      assertEquals(await at.read("3\r\naaa\r\nFIN".length), "3\r\naaa\r\nFIN");
    }
  });

  it("are dropped by an abort", async () => {
    await using at = await connection();
    const [piece] = piecesOf(3, "a") as [Uint8Array];
    writeChunk(at.socket, piece);
    at.socket.abort();
    await settled();
    assertEquals(at.written(), 0);
  });
});
