/**
 * System calls per request, compared with kept figures: a guard against a slower way to the socket that needs no quiet machine.
 * It runs where `strace` is installed and allowed, and on Node, which starts the other runtimes.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { build } from "esbuild";
import { findRuntime } from "../../bench/torture/runtimes.ts";
import { find } from "../parity/systems/tools.ts";
import { PATIENT } from "../support/patience.ts";
import { callsIn, canTrace, traced } from "./system-calls/trace.ts";

/**
 * Calls of one request on a reused connection: one writes, one reads, and one waits. A body makes Node wait again, and Deno write
 * and read again. A new connection (`fresh`) is opened, set up, waited for, asked for its addresses and closed as well. Counted with Node 20, Deno 2.9 and Bun 1.4; a smaller figure is to be written here.
 */
const KEPT = {
  node: { request: 3, fetch: 3, post: 4.4, fresh: 20.1 },
  deno: { request: 3.1, fetch: 3.1, post: 7, fresh: 15.4 },
  bun: { request: 3.2, fetch: 3.2, post: 4, fresh: 19.2 },
} as const;
/** Half a call: turns of the loop come a little more or less often, and a new call comes with each request. */
const SLACK = 0.5;
const REQUESTS = 200;
/** A machine that is busy interrupts calls, which are made again. A slower way is there in each run. */
const MOST_RUNS = 4;

const strace = find("strace");
const onNode = process.versions.bun === undefined && process.versions.deno === undefined;
const skip = !onNode
  ? "the test on Node starts this runtime as well"
  : !(await canTrace(strace)) && "strace is not installed, or may not trace here";

function answer(socket: Socket): void {
  let text = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    if (!text.endsWith(text.startsWith("POST") ? "a small body" : "\r\n\r\n")) return;
    text = "";
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
}

describe("system calls per request", { skip }, () => {
  const server = createServer(answer);
  let [folder, client, url] = ["", "", ""];

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    folder = await mkdtemp(join(tmpdir(), "holdfast-calls-"));
    client = join(folder, "client.mjs");
    const entry = fileURLToPath(new URL("system-calls/client.ts", import.meta.url));
    const how = { bundle: true, format: "esm", platform: "node", logLevel: "error" } as const;
    await build({ entryPoints: [entry], outfile: client, ...how });
  });

  after(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [name, figures] of Object.entries(KEPT) as [keyof typeof KEPT, Record<string, number>][]) {
    // The loader of Node 20 is for TypeScript, and the client is a bundle.
    const command = name === "node" ? [process.execPath] : findRuntime(name)?.command;
    const missing = command === undefined && `${name} is not installed`;
    it(`${name}: are no more than kept`, { ...PATIENT, skip: missing }, async () => {
      const one = async (call: string, kept: number): Promise<void> => {
        const file = join(folder, `${name}-${call}`);
        const arguments_ = [client, url, call, String(REQUESTS)];
        let [least, list] = [Infinity, ""];
        for (let run = 0; run < MOST_RUNS && least > kept + SLACK; run++) {
          const counts = callsIn(await traced(strace ?? "", file, [...(command ?? []), ...arguments_]));
          least = [...counts.values()].reduce((sum, count) => sum + count, 0) / REQUESTS;
          list = [...counts].map(([what, count]) => `${what} ${count / REQUESTS}`).join(", ");
        }
        assert(least <= kept + SLACK, `${call}: ${least.toFixed(2)} calls instead of ${kept}: ${list}`);
      };
      const { fresh, ...reused } = figures;
      await Promise.all(Object.entries(reused).map(([call, kept]) => one(call, kept)));
      await one("fresh", fresh ?? 0);
    });
  }
});

describe("the trace of the guard", () => {
  it("counts calls of all threads between the marks, once each, without those of memory and threads", () => {
    const trace = [
      "7 write(3, ...) = 3",
      '7 access("/holdfast-begins", F_OK) = -1 ENOENT',
      "7 write(20, ...) = 40",
      "8 futex(0x1, FUTEX_WAKE) = 1",
      "7 read(20,  <unfinished ...>",
      "8 madvise(0x1, 2, 3) = 0",
      "7 <... read resumed>...) = 40",
      "8 read(21, ...) = 1",
      '7 access("/holdfast-ends", F_OK) = -1 ENOENT',
      "7 write(3, ...) = 3",
    ];
    assertEquals(
      [...callsIn(trace.join("\n"))],
      [
        ["write", 1],
        ["read", 2],
      ],
    );
  });
});
