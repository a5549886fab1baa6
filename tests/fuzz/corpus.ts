/** Corpus: what the fuzzer starts from, and every input that once broke something. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sample } from "../http1/generate.ts";
import { SEEDS } from "./seeds.ts";

const folder = fileURLToPath(new URL("./corpus/", import.meta.url));

/** The inputs that were kept, by file name. */
export function keptSamples(): ReadonlyMap<string, Sample> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".http"));
  return new Map(names.sort().map((name) => [name, readSample(name)]));
}

function readSample(name: string): Sample {
  const content = readFileSync(join(folder, name), "latin1");
  const end = content.indexOf("\n");
  return { method: content.slice(0, end), text: content.slice(end + 1) };
}

/** Writes an input to the corpus. Returns its file. */
export function keepSample({ method, text }: Sample): string {
  const content = `${method}\n${text}`;
  const name = `found-${createHash("sha256").update(content, "latin1").digest("hex").slice(0, 12)}.http`;
  writeFileSync(join(folder, name), content, "latin1");
  return join(folder, name);
}

/** All inputs to start from. */
export function startingSamples(): Sample[] {
  return [...SEEDS, ...keptSamples().values()];
}
