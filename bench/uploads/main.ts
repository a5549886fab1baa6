/**
 * Uploads: memory of large uploads: a form with a file of 200 MB and a Blob of 200 MB, by Holdfast and by the
 * runtime's own fetch, on each runtime. Each runs in a process of its own; its peak counts from when the Blob exists.
 * Works on Linux only, because it asks the kernel.
 *
 * node --import tsx bench/uploads/main.ts [--mebibytes 200] [--parts 1] [--runtime NAME]
 *
 * The Blob is made of `parts`: on Node and Deno, its `stream()` gives each part whole.
 */

import { spawn } from "node:child_process";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Runtime, runtimes } from "../speed/runtimes.ts";
import { BODIES, CLIENTS, type Report } from "./protocol.ts";

const { values } = parseArgs({
  options: {
    mebibytes: { type: "string", default: "200" },
    parts: { type: "string", default: "1" },
    runtime: { type: "string" },
  },
});

const client = fileURLToPath(new URL("client.ts", import.meta.url));

/** How the last upload was framed. */
let framing = "";

function framingOf({ headers }: IncomingMessage): string {
  return headers["content-length"] === undefined ? "chunked" : "with its length";
}

const server = createServer((request, response) => {
  framing = framingOf(request);
  request.resume().on("end", () => response.end("there"));
});

function run({ command }: Runtime, arguments_: readonly string[]): Promise<Report | undefined> {
  const [program = "", ...rest] = command;
  return new Promise((resolve) => {
    const child = spawn(program, [...rest, client, ...arguments_], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.on("close", (code) => resolve(code === 0 ? (JSON.parse(output) as Report) : undefined));
  });
}

await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const rows: Record<string, string>[] = [];
for (const runtime of runtimes()) {
  if (values.runtime !== undefined && runtime.name !== values.runtime) continue;
  for (const body of BODIES) {
    for (const name of CLIENTS) {
      const report = await run(runtime, [url, name, body, values.mebibytes, values.parts]);
      rows.push({
        runtime: `${runtime.name} (${runtime.version})`,
        body,
        client: name,
        framing,
        "more at the peak (MiB)": report === undefined ? "failed" : report.peakMebibytes.toFixed(0),
        ms: report?.elapsedMs.toFixed(0) ?? "",
      });
    }
  }
}
console.table(rows);
server.close();
