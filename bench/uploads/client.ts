/** Client: sends one large body and measures the memory for it. Arguments: URL, client, body, mebibytes, parts. */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createPool } from "../../mod.ts";
import type { BodyName, ClientName, Report } from "./protocol.ts";

const [url = "", client, body, mebibytes, parts] = process.argv.slice(2);
const MEBIBYTE = 1024 * 1024;

/** Resident memory in MiB: now, and the peak since the last reset. */
function memory(): { readonly now: number; readonly peak: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { now: of("VmRSS"), peak: of("VmHWM") };
}

function blobOf(bytes: number, count: number): Blob {
  return new Blob(Array.from({ length: count }, (_, at) => new Uint8Array(bytes / count).fill(at + 1)));
}

function bodyOf(name: BodyName, blob: Blob): Blob | FormData {
  if (name === "blob") return blob;
  const form = new FormData();
  form.append("name", "value");
  form.append("file", blob, "large.bin");
  return form;
}

const blob = blobOf(Number(mebibytes) * MEBIBYTE, Number(parts));
const pool = createPool();
const send = (client as ClientName) === "holdfast" ? pool.fetch : fetch;
// A first small request, so that loading the client is not counted.
await (await send(url, { method: "POST", body: "first" })).text();
(globalThis as { gc?: () => void }).gc?.();
await new Promise((resolve) => setTimeout(resolve, 500));
const before = memory();
// Resets the peak (proc(5)).
writeFileSync("/proc/self/clear_refs", "5");
const startedAt = performance.now();
await (await send(url, { method: "POST", body: bodyOf(body as BodyName, blob) })).text();
const report: Report = {
  peakMebibytes: memory().peak - before.now,
  elapsedMs: performance.now() - startedAt,
};
console.log(JSON.stringify(report));
await pool.close();
process.exit(0);
