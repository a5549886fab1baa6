import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { constants } from "node:os";
import { before, describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Figures, JobResult } from "../../bench/main-job/result.ts";
import { scriptCommand } from "../../bench/main-job/runtime.ts";
import { PATIENCE_MS } from "../support/patience.ts";

/** Each test waits for real idle limits, and starts again if the machine was too busy. */
const PATIENT = { timeout: 5 * PATIENCE_MS };

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Options {
  /** Sends SIGINT as soon as this text is in the output. */
  readonly interruptAt?: string;
}

const script = new URL("../../bench/main-job/main.ts", import.meta.url);

function mainJob(args: readonly string[], { interruptAt }: Options = {}): Promise<Ended> {
  const command = scriptCommand(script, args);
  const child = spawn(command.program, command.args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  let asked = false;
  child.stdout.on("data", (bytes) => {
    output += bytes;
    if (asked || interruptAt === undefined || !output.includes(interruptAt)) return;
    asked = true;
    child.kill("SIGINT");
  });
  child.stderr.on("data", (bytes) => {
    errors += bytes;
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      // Deno 2.9 reports the exit code 130 as a death by SIGINT.
      resolve({ code: signal === null ? code : 128 + constants.signals[signal], output, errors });
    });
  });
}

function parsed(text: string): JobResult & { readonly ok: boolean; readonly verdict: string } {
  return JSON.parse(text);
}

describe("npm start", () => {
  let short: Promise<Ended>;
  let interrupted: Promise<Ended>;
  let ownServer: ReturnType<typeof againstOwnServer>;
  let refused: Promise<Ended>;

  // They start together, because each mostly waits. They start here rather than during imports, which would block the
  // server.
  before(() => {
    short = shortJob();
    interrupted = mainJob(["--requests", "3000", "--seconds", "20"], { interruptAt: "slow " });
    ownServer = againstOwnServer();
    refused = mainJob(["--requests", "many"]);
  });

  it(
    "sends the same requests through both clients, and ends with 0 if Holdfast had no failure",
    PATIENT,
    async () => {
      const { code, output, errors } = await short;
      const { origins, ok, verdict } = parsed(output);
      assertEquals([code, ok, errors], [0, true, ""], verdict);
      for (const client of ["holdfast", "builtin"] as const) {
        const all = origins.map(({ clients }) => clients[client] as Figures);
        assertEquals(sum(all, "requests"), 60);
        assertEquals(sum(all, "wrongAnswers"), 0);
      }
      const holdfast = origins.map(({ clients }) => clients.holdfast as Figures);
      assertEquals(sum(holdfast, "failures"), 0);
      assertEquals(sum(holdfast, "duplicatedPosts"), 0);
      // The server's count must equal the pool's own.
      for (const { connections, pool } of holdfast) assertEquals(connections, pool?.opened);
    },
  );

  it("prints the results so far after Ctrl-C, and ends with 130", PATIENT, async () => {
    const { code, output } = await interrupted;
    assertEquals(code, 130);
    assertStringIncludes(output, "Interrupted. So far:");
    assertStringIncludes(output, "Verdict: ");
  });

  it("ends with 2 for wrong arguments", PATIENT, async () => {
    const { code, errors } = await refused;
    assertEquals(code, 2);
    assertStringIncludes(errors, '--requests must be a whole number from 1 to 1000000, got "many"');
  });

  it("requests the user's own servers by GET, and says what it observed", PATIENT, async () => {
    const { ended, methods } = await ownServer;
    assertEquals(ended.code, 0, ended.output);
    assertEquals([...methods], ["GET"]);
    assertStringIncludes(ended.output, "It announces Keep-Alive: “timeout=5”.");
    assert(!ended.output.includes("b=c"), "paths and queries stay out of the output");
  });
});

/**
 * A job so short that its servers' limits are tenths of a second. If the machine is blocked for that long, a POST
 * meets a limit or time runs out, which is no fault of the job. Then the job runs again with twice the time, up to a
 * minute.
 */
async function shortJob(): Promise<Ended> {
  for (let seconds = 2.5; ; seconds *= 2) {
    const ended = await mainJob(["--requests", "60", "--seconds", String(seconds), "--json", "--quiet"]);
    if (seconds > 30 || isWhole(ended)) return ended;
  }
}

function isWhole({ code, output }: Ended): boolean {
  if (code !== 0) return false;
  const { origins } = parsed(output);
  return (["holdfast", "builtin"] as const).every(
    (client) =>
      sum(
        origins.map(({ clients }) => clients[client] as Figures),
        "requests",
      ) === 60,
  );
}

async function againstOwnServer(): Promise<{ ended: Ended; methods: ReadonlySet<string> }> {
  const methods = new Set<string>();
  const server = createServer({ keepAliveTimeout: 5000 }, (request, response) => {
    methods.add(request.method ?? "");
    response.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ended = await mainJob(["--requests", "8", "--seconds", "6", `http://127.0.0.1:${port}/a?b=c`]);
  server.close();
  server.closeAllConnections();
  return { ended, methods };
}

function sum(
  all: readonly Figures[],
  name: "requests" | "failures" | "wrongAnswers" | "duplicatedPosts",
): number {
  return all.reduce((total, figures) => total + (figures[name] ?? 0), 0);
}
