/** Startup: a first request does not load what it does not need: modules of Node, and the Node layer of Deno. */

import { execFile } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";

const child = fileURLToPath(new URL("startup-child.ts", import.meta.url));

/** Only on Node versions that run TypeScript themselves: a TypeScript loader loads some of these modules. */
const [major = 0] = (process.versions.node ?? "").split(".").map(Number);
const imitated = process.versions.deno !== undefined || process.versions.bun !== undefined;
const skip = imitated || major < 24 ? "needs Node 24, which runs TypeScript and lists its modules" : false;

/** The modules, and the time that each takes to load on Node 24.21. */
const COSTLY = {
  tls: "NativeModule tls",
  zlib: "NativeModule zlib",
  dns: "NativeModule dns",
  "the built-in fetch": "NativeModule internal/deps/undici/undici",
};

describe("a first request() or fetch() to a plain http: URL", { skip }, () => {
  it("loads neither tls, zlib, dns nor the built-in fetch", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", child]);
    const { asked, before, fetched, unnamed, is, after } = JSON.parse(stdout);
    const loaded = (list: readonly string[]) =>
      Object.entries(COSTLY).flatMap(([name, module]) => (list.includes(module) ? [name] : []));
    assertEquals([asked, loaded(before)], ["hi", []]);
    assertEquals([fetched, loaded(unnamed)], [["hi", 2], []]);
    // It is a `Response` nevertheless. To ask that loads it, which proves that the list detects it.
    assertEquals([is, loaded(after).includes("the built-in fetch")], [true, true]);
  });
});

const onDeno = process.versions.deno !== undefined;
const timersChild = fileURLToPath(new URL("deno-timers-child.ts", import.meta.url));
const refChild = fileURLToPath(new URL("deno-ref-child.ts", import.meta.url));
const denoChild = fileURLToPath(new URL("deno-startup-child.ts", import.meta.url));

/** Four of these eight find a timer that nobody can let go of. */
const SEEDS = 8;

describe("a first request() on Deno", { skip: onDeno ? false : "needs Deno" }, () => {
  it("reads no global that loads the Node layer, and what waited for that is done later", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["run", "-A", "--no-check", denoChild]);
    const { asked, before, waits, after } = JSON.parse(stdout);
    assertEquals([asked, before], ["hi", []]);
    assertEquals([waits.length > 0, waits.every((ms: number) => ms >= 10)], [true, true], "it is put off");
    assertEquals(after.includes("process"), true, "the channels are there");
  });

  it("waits for the first timers without Deno's, which fire in time and keep the program alive only while it is wanted", async () => {
    const said = (kind: string) =>
      promisify(execFile)(process.execPath, ["run", "-A", "--no-check", timersChild, kind], {
        timeout: 60_000,
      }).then(({ stdout }) => stdout);
    const kinds = ["ref", "unref", "briefly", "between"];
    assertEquals(await Promise.all(kinds.map(said)), ["fired\n", "", "", "over\nfired\n"]);
  });

  it("lets a process end once nobody waits, in whatever order callers and timers come", async () => {
    const ended = (_: unknown, seed: number) =>
      promisify(execFile)(process.execPath, ["run", "-A", "--no-check", refChild, `${seed}`], {
        timeout: 60_000,
      });
    await Promise.all(Array.from({ length: SEEDS }, ended));
  });
});
