/**
 * A process does not end while somebody waits for a response over HTTP/2, and ends by itself when nobody does: the one
 * socket counts its requests. Each case is a program of its own.
 */

import { execFile } from "node:child_process";
import { createServer } from "node:http2";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";

const run = promisify(execFile);
const [executable = "", ...options] = onThisRuntime(new URL("./process-ref-child.ts", import.meta.url));

/** A child that lives this long will not end by itself. */
const STUCK_MS = 30_000;

/** How long a response takes: long enough for a process that is not kept alive to end. */
const SLOW_MS = 500;

const server = createServer();
server.on("stream", (stream, headers) => {
  const path = headers[":path"];
  stream.on("error", () => {});
  if (path === "/slow") return void setTimeout(() => stream.end("slow"), SLOW_MS);
  stream.respond({ ":status": 200 });
  if (path === "/fast") return void stream.end("fast");
  stream.write("first ");
  if (path === "/slow-body") setTimeout(() => stream.end("second"), SLOW_MS);
});

before(() => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve)));
after(() => void server.close());

describe("over HTTP/2 a process", () => {
  const CASES: [name: string, output: string][] = [
    ["an idle connection", "fast"],
    ["a head", "slow"],
    ["a body", "first second"],
    ["one of two requests", "fast slow"],
    ["a body that nobody reads", "200"],
  ];
  for (const [name, output] of CASES) {
    it(`ends by itself after ${name}`, async () => {
      const { port } = server.address() as { port: number };
      const args = [...options, name, `${port}`];
      const { stdout } = await run(executable, args, { timeout: STUCK_MS });
      assertEquals(stdout.trim(), output);
    });
  }
});
