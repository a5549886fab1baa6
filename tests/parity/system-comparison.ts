/** Compares a system with Holdfast and its preset: both go through the same cases at the same time. */

import process from "node:process";
import { node24 } from "../../scripts/test/tools.ts";
import { bundled } from "../support/bundled.ts";
import { casesFor } from "./cases/all.ts";
import { findDisagreement } from "./disagreements.ts";
import type { Command } from "./driver.ts";
import { lineProgram, type Missing, type Program, trace } from "./program.ts";
import type { PresetChoice } from "./programs/holdfast.ts";
import { type Case, isTimed } from "./schedule.ts";
import type { System } from "./systems/system.ts";
import { compare, endsSooner, formatTrace, type Trace } from "./trace.ts";

/** The result of one case. */
export interface Finding {
  readonly name: string;
  readonly verdict: "agreed" | "documented" | "unexplained";
  /** Both traces if they differ. */
  readonly detail: string;
  readonly reason?: string;
  /** They sent the same requests on the same connections, but these ended differently or at different times. */
  readonly byTime?: boolean;
}

/** The findings for one system. */
export interface Row {
  readonly system: string;
  readonly version: string;
  /** Why nothing was compared, if so. */
  readonly skipped?: string;
  readonly findings: readonly Finding[];
  /** Why connections may close later, if that is allowed for the system. */
  readonly remark?: string;
}

/** Cases at a time, unless the system sets another number. Cases mostly wait. */
const AT_ONCE = 40;

/** Cases at a time in each repetition of doubtful cases. */
const FEW_AT_ONCE = [8, 4, 2, 1] as const;

/** Compares one system, in the cases whose name contains `filter`. */
export async function compareSystem(system: System, filter: string): Promise<Row> {
  const { title, atOnce = AT_ONCE, closesLate } = system;
  const cases = casesFor(system, filter);
  const programs: Program[] = [];
  let version = "?";
  try {
    const real = await startSystem(system, cases);
    if ("missing" in real) return { system: title, version: "–", skipped: real.missing, findings: [] };
    version = real.version;
    programs.push(real);
    const holdfast = await startHoldfast(system, version);
    programs.push(holdfast);
    const pair = { real, holdfast };
    const first = await runAll(cases, atOnce, (plan) => compareOnce(system, pair, plan));
    const findings = await retryDoubtful(first, cases, (plan) => compareOnce(system, pair, plan));
    return { system: title, version, findings, ...(closesLate !== undefined && { remark: closesLate }) };
  } catch (error) {
    const failed: Finding = { name: `${title} runs`, verdict: "unexplained", detail: String(error) };
    return { system: title, version, findings: [failed] };
  } finally {
    await Promise.all(programs.map((program) => program.close()));
  }
}

/** Starts the system. A loaded machine may need a second attempt. */
async function startSystem(system: System, cases: readonly Case[]): Promise<Program | Missing> {
  const proxied = system.proxied !== undefined;
  return await system.start(cases, proxied).catch(() => system.start(cases, proxied));
}

/** The command for a script in `programs/` that uses the library, on Node 24 where it is installed. */
export async function scriptCommand(name: string): Promise<Command> {
  return [node24() ?? process.execPath, await bundled(new URL(`./programs/${name}.ts`, import.meta.url))];
}

async function startHoldfast(system: System, version: string): Promise<Program> {
  const { name, preset = name, versioned, given = {}, tunes: names = {}, proxied } = system;
  const number = versioned === true ? { version: /\d+(\.\d+)*/.exec(version)?.[0] ?? "" } : {};
  const choice: PresetChoice = { preset, given: { ...number, ...given }, names, proxied };
  return await lineProgram([...(await scriptCommand("holdfast")), JSON.stringify(choice)]);
}

/** Runs the cases, `atOnce` at a time and longest first. Returns the findings in the order of the cases. */
async function runAll(
  plans: readonly Case[],
  atOnce: number,
  work: (plan: Case) => Promise<Finding>,
): Promise<Finding[]> {
  const waiting = [...plans].sort((a, b) => durationOf(b) - durationOf(a));
  const findings = new Map<Case, Finding>();
  const lane = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift())
      findings.set(plan, await work(plan));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return plans.flatMap((plan) => findings.get(plan) ?? []);
}

function durationOf({ steps }: Case): number {
  return steps.reduce((sum, step) => sum + ("wait" in step ? step.wait : 0), 0);
}

interface Pair {
  readonly real: Program;
  readonly holdfast: Program;
}

/**
 * Repeats cases that may have failed because of time. If the machine stalls, a request may fall on the other side of a
 * limit, or a connection may end after the last check. Each repetition runs fewer cases at a time. A real difference
 * occurs in every repetition.
 */
async function retryDoubtful(
  first: readonly Finding[],
  cases: readonly Case[],
  work: (plan: Case) => Promise<Finding>,
): Promise<Finding[]> {
  let findings = [...first];
  for (const atOnce of FEW_AT_ONCE) {
    const doubtful = cases.filter((plan, at) => isDoubtful(plan, findings[at]));
    if (doubtful.length === 0) break;
    const later = await runAll(doubtful, atOnce, work);
    findings = cases.flatMap((plan, at) => later[doubtful.indexOf(plan)] ?? findings[at] ?? []);
  }
  return findings;
}

function isDoubtful(plan: Case, finding: Finding | undefined): boolean {
  return finding?.verdict === "unexplained" && (isTimed(plan) || finding.byTime === true);
}

async function compareOnce(system: System, { real, holdfast }: Pair, plan: Case): Promise<Finding> {
  const [theirs, ours] = await Promise.all([trace(real, plan), trace(holdfast, plan)]);
  const { name } = plan;
  if (agree(system, theirs, ours)) return { name, verdict: "agreed", detail: formatTrace(theirs) };
  const detail = `${system.title}: ${formatTrace(theirs)}\nHoldfast: ${formatTrace(ours)}`;
  const documented = findDisagreement([system.name, system.preset ?? ""], name, ours.requests.join(" · "));
  if (documented !== undefined) return { name, verdict: "documented", detail, reason: documented.reason };
  return { name, verdict: "unexplained", detail, byTime: compare(theirs, ours) === "ends differ" };
}

function agree({ closesLate }: System, theirs: Trace, ours: Trace): boolean {
  const comparison = compare(theirs, ours);
  return (
    comparison === "agree" ||
    (comparison === "ends differ" && closesLate !== undefined && endsSooner(ours, theirs))
  );
}
