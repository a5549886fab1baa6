/** Startup: a first request does not load modules of Node that it does not need. */

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

describe("a first request() to a plain http: URL", { skip }, () => {
  it("loads neither tls, zlib, dns nor the built-in fetch", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", child]);
    const { asked, before, fetched, after } = JSON.parse(stdout);
    const loaded = (list: readonly string[]) =>
      Object.entries(COSTLY).flatMap(([name, module]) => (list.includes(module) ? [name] : []));
    assertEquals([asked, loaded(before)], ["hi", []]);
    // After a `Response` was made they are loaded, which proves that the list detects them.
    assertEquals([fetched, loaded(after).includes("the built-in fetch")], ["hi", true]);
  });
});
