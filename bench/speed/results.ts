/**
 * Results: what was measured, in parts of one section on one runtime each. A part says when and how it was measured, so that a whole
 * table can be made of several runs. `bench/results.json` keeps them, and `bench/results.md` shows them.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type as system, totalmem } from "node:os";
import type { GatewayFigures } from "../gateway/measure.ts";
import type { BundleSize } from "./bundle.ts";
import type { CoreCost } from "./core-cost.ts";
import type { IdleCost, StartupCost } from "./costs.ts";
import type { LibraryCost } from "./library-cost.ts";
import type { Summary } from "./summary.ts";
import type { WorkersFigures } from "./workers.ts";

/** When, how and on what a part was measured. */
export interface Origins {
  /** The day, as in 2026-11-27. */
  readonly date: string;
  readonly rounds: number;
  /** Of each round. 0 where something else than rates was measured. */
  readonly seconds: number;
  readonly machine: string;
  /** The processor, on which some goals depend. */
  readonly processor: string;
  /** Of the runtime, and of the other clients. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The medians of one client, or why there are none. */
export interface Row {
  readonly kind: string;
  readonly summary?: Summary;
  readonly failure?: string;
}

/** One section on one runtime. A section has the fields of its kind. */
export interface Part {
  readonly section: string;
  /** What belongs to no runtime has the name "". */
  readonly runtime: string;
  readonly measured: Origins;
  readonly rows?: readonly Row[];
  readonly gateways?: readonly GatewayFigures[];
  readonly core?: readonly CoreCost[];
  readonly library?: LibraryCost;
  readonly idle?: readonly IdleCost[];
  readonly startup?: readonly StartupCost[];
  readonly bundles?: readonly BundleSize[];
  readonly workers?: WorkersFigures;
}

/** This machine, as its parts name it. */
export function thisMachine(): Pick<Origins, "machine" | "processor"> {
  const list = cpus();
  const processor = list[0]?.model.trim() ?? "an unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    processor,
    machine: `${list.length} cores of ${processor}, ${memory}, ${system()} ${release().split("-")[0]}`,
  };
}

/** The parts of a file. A file that does not exist has none. */
export function readParts(file: string): Part[] {
  if (!existsSync(file)) return [];
  // JSON knows no NaN, which stands for what a server does not count.
  return JSON.parse(readFileSync(file, "utf8"), (_, value: unknown) =>
    value === null ? NaN : value,
  ) as Part[];
}

export function writeParts(file: string, parts: readonly Part[]): void {
  writeFileSync(file, `${JSON.stringify(parts, null, 1)}\n`);
}

/** The new parts, and the old ones of other sections or runtimes. */
export function merged(old: readonly Part[], fresh: readonly Part[]): Part[] {
  const same = (one: Part, other: Part): boolean =>
    one.section === other.section && one.runtime === other.runtime;
  return [...old.filter((part) => !fresh.some((other) => same(part, other))), ...fresh];
}

/** The part of a section on a runtime. */
export function partOf(parts: readonly Part[], section: string, runtime: string): Part | undefined {
  return parts.find((part) => part.section === section && part.runtime === runtime);
}

/** The medians of one client. */
export function find(
  parts: readonly Part[],
  section: string,
  runtime: string,
  kind: string,
): Summary | undefined {
  return partOf(parts, section, runtime)?.rows?.find((row) => row.kind === kind)?.summary;
}
