/** The Deno writer: each request is written completely, whatever its buffer contained before. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { DenoConn } from "../../transports/deno-api.ts";
import { DenoWriter } from "../../transports/deno-writer.ts";
import { latin1Text } from "../../transports/latin1.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { Recorder } from "./support.ts";

const nothing = (): void => {};

/** A connection that accepts `most` bytes at a time, and records everything written to it. */
function connection(most = Infinity) {
  const written: string[] = [];
  const conn: DenoConn = {
    remoteAddr: {},
    localAddr: {},
    read: () => Promise.resolve(null),
    async write(bytes) {
      const taken = bytes.subarray(0, most);
      await undefined;
      // Reads the bytes late, so that a buffer reused too early shows.
      written.push(latin1Text(taken));
      return taken.length;
    },
    close: nothing,
    closeWrite: () => Promise.resolve(),
    ref: nothing,
    unref: nothing,
  };
  return { written, writer: new DenoWriter(conn, new ReceiveQueue(new Recorder()), nothing) };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await undefined;
};

const body = new TextEncoder().encode("[body]");

describe("a Deno connection gets", () => {
  it("each request unchanged, one after the other in the same buffer", async () => {
    const { writer, written } = connection();
    const requests: Parameters<DenoWriter["write"]>[] = [
      ["GET /a"],
      ["GET /a"],
      ["GET /b"],
      ["GET /a", body],
      ["GET /a"],
      ["GET /b", body, "tail"],
      ["GET /a"],
      ["GET /b[body]"],
      [new TextEncoder().encode("5\r\n"), body],
      ["GET /a"],
      ["GET /\xe9"],
      ["GET /\xe8"],
      ["GET /a"],
    ];
    const expected = requests.map(([head, ...rest]) =>
      [head, ...rest]
        .map((part) => (typeof part === "string" ? part : latin1Text(part as Uint8Array)))
        .join(""),
    );
    for (const request of requests) {
      writer.write(...request);
      await settled();
    }
    assertEquals(written, expected);
  });

  it("requests of several connections at once, each in its own buffer", async () => {
    const all = Array.from({ length: 5 }, () => connection());
    for (const round of ["a", "b"]) {
      for (const [at, { writer }] of all.entries()) writer.write(`GET /${round}${at}`);
      await settled();
    }
    assertEquals(
      all.map(({ written }) => written),
      all.map((_, at) => [`GET /a${at}`, `GET /b${at}`]),
    );
  });

  it("the rest of a partially accepted write before the next write", async () => {
    const { writer, written } = connection(4);
    writer.write("GET /first");
    writer.write("GET /second");
    await settled();
    assertEquals(written.join(""), "GET /firstGET /second");
  });
});
