/** What a first request does not wait for: modules of Node's that it has no use for. */

import { execFile } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";

const child = fileURLToPath(new URL("startup-child.ts", import.meta.url));

/** By Node that runs TypeScript itself: what would translate it on Node 20 loads some of these modules. */
const [major = 0] = (process.versions.node ?? "").split(".").map(Number);
const imitated = process.versions.deno !== undefined || process.versions.bun !== undefined;
const skip = imitated || major < 24 ? "needs Node 24, which runs TypeScript and lists its modules" : false;

/** The time that each takes, on Node 24.21. */
const COSTLY = {
  tls: "NativeModule tls",
  zlib: "NativeModule zlib",
  dns: "NativeModule dns",
  "the built-in fetch": "NativeModule internal/deps/undici/undici",
};

describe("a first request() of a plain http: address", { skip }, () => {
  it("loads neither tls, zlib, dns nor the built-in fetch", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", child]);
    const { asked, before, fetched, after } = JSON.parse(stdout);
    const loaded = (list: readonly string[]) =>
      Object.entries(COSTLY).flatMap(([name, module]) => (list.includes(module) ? [name] : []));
    assertEquals([asked, loaded(before)], ["hi", []]);
    // What it takes to make a `Response` shows that the list tells.
    assertEquals([fetched, loaded(after).includes("the built-in fetch")], ["hi", true]);
  });
});
