/** `holdfast probe` as a process of the runtime at hand. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";
import { PATIENT } from "../support/patience.ts";

/** Node runs the file that npm links. */
const entry = "Deno" in globalThis || "Bun" in globalThis ? "mod.ts" : "bin.ts";
const [file = "", ...args] = onThisRuntime(new URL(`../../src/cli/${entry}`, import.meta.url));

describe("holdfast probe", () => {
  it("prints what it knows when Ctrl-C is pressed", PATIENT, async () => {
    let seen = 0;
    const server = createServer((_, response) => {
      seen += 1;
      // The idle connections wait by then. A second one would end the process at once.
      if (seen === 20) child.kill("SIGINT");
      response.end("ok");
    });
    server.maxRequestsPerSocket = 3;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const child = spawn(file, [...args, "probe", url, "--max-idle", "60s"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (bytes) => {
      output += bytes;
    });
    const [code] = await once(child, "close");
    server.closeAllConnections();
    server.close();
    // Deno 2.9 gives the signal that was sent, however the child ended.
    assertEquals(code, "Deno" in globalThis ? null : 0);
    assertStringIncludes(output, `${url} answers 200 by HTTP/1.1`);
    assertStringIncludes(output, "The probe was stopped before it had finished.");
  });
});
