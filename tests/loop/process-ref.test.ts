/**
 * A process does not end while somebody waits for a pool, and ends by itself when nobody does. Each case is a program of
 * its own (`process-ref-child.ts`): a test runner is kept alive by other things.
 */

import { execFile } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";
import { PATIENT } from "../support/patience.ts";

const run = promisify(execFile);
const [executable = "", ...options] = onThisRuntime(new URL("./process-ref-child.ts", import.meta.url));

/** A child that lives this long will not end by itself: no time limit of its pool is longer. */
const STUCK_MS = 60_000;

const LARGE = 2_000_000;

/** The connection on which half of a body was sent last. */
let halved: Socket | undefined;

function writeHalf(socket: Socket): Socket {
  socket.write(`${okHead(20)}first half`);
  return socket;
}

/** Answers by path. Other requests get no answer, and their connections stay open. */
function answer(socket: Socket, head: string): void {
  if (head.includes(" /deaf ")) socket.pause();
  else if (head.includes(" /half ")) halved = writeHalf(socket);
  else if (head.includes(" /next-piece ")) {
    halved?.write("more");
    socket.write(`${okHead(2)}ok`);
  } else if (head.includes(" /large ")) socket.write(`${okHead(LARGE)}${"x".repeat(LARGE)}`);
  else if (!head.includes(" /silent ")) socket.write(`${okHead(2)}ok`);
}

const okHead = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;

const server = createServer((socket) => {
  let seen = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    seen += bytes.toString("latin1");
    if (!seen.includes("\r\n\r\n")) return;
    answer(socket, seen);
    seen = "";
  });
});

/** What a child printed, and how it ended. */
async function outcomeOf(name: string): Promise<{ code: unknown; output: string }> {
  const { port } = server.address() as { port: number };
  try {
    const args = [...options, name, `${port}`];
    const { stdout } = await run(executable, args, { timeout: STUCK_MS });
    return { code: 0, output: stdout.trim() };
  } catch (error) {
    const { code, killed, stderr } = error as { code?: unknown; killed?: boolean; stderr?: string };
    return { code: killed === true ? "was stuck" : code, output: stderr ?? "" };
  }
}

before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => server.close());

describe("a process does not end while somebody waits for", () => {
  const cases: [name: string, output: string][] = [
    ["a fetch that is queued behind an unread body", "ERR_ACQUIRE_TIMEOUT200"],
    ["a request that is queued, without a time limit, until a signal ends it", "given up200"],
    ["a connect attempt whose name is never looked up", "ERR_CONNECT_TIMEOUT"],
    ["a preconnect whose name is never looked up", "ERR_CONNECT_TIMEOUT"],
    ["a TLS handshake that is never answered", "ERR_CONNECT_TIMEOUT"],
    ["a response head that never comes", "ERR_HEADERS_TIMEOUT"],
    ["a response head that never comes on a connection that was idle", "ERR_HEADERS_TIMEOUT"],
    ["the text of a body that stops in the middle", "ERR_BODY_TIMEOUT"],
    ["a read of a stream that stops in the middle", "ERR_BODY_TIMEOUT"],
    ["the text of a body whose socket was paused", `${LARGE}`],
    ["an upload that is not taken", "ERR_BODY_TIMEOUT"],
    ["an upload whose body never comes", "ERR_BODY_TIMEOUT"],
    ["close() beside an unread body", "undefined200"],
    ["await using beside an unread body", "disposed"],
  ];
  for (const [name, output] of cases)
    it(name, PATIENT, async () => assertEquals(await outcomeOf(name), { code: 0, output }));
});

describe("a process ends by itself with", () => {
  for (const name of [
    "an idle connection",
    "connections that were never used",
    "connections that are kept ready",
    "an unread body of 2 MB",
    "an unread body that stops in the middle",
    "a stream of which one piece was read",
    "a stream whose next piece was awaited and came",
    "a discarded body",
    "a queued request that was aborted",
    "a pool that was closed while requests waited in its queue",
  ])
    it(name, PATIENT, async () => assertEquals(await outcomeOf(name), { code: 0, output: "left" }));
});
