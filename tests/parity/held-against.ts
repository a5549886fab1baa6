/** Held against: a system and Holdfast with its preset go through the same cases, side by side. */

import { fileURLToPath } from "node:url";
import { node24, nodeWithTsx } from "../../scripts/test/tools.ts";
import { casesFor } from "./cases/all.ts";
import { excuse } from "./disagreements.ts";
import type { Command } from "./driver.ts";
import { lineProgram, type Missing, type Program, trace } from "./program.ts";
import type { PresetChoice } from "./programs/holdfast.ts";
import { type Case, isTimed } from "./schedule.ts";
import type { System } from "./systems/system.ts";
import { compare, endsSooner, formatTrace, type Trace } from "./trace.ts";

/** What came of one case. */
export interface Finding {
  readonly name: string;
  readonly verdict: "agreed" | "documented" | "unexplained";
  /** Both traces, where they differ. */
  readonly detail: string;
  readonly reason?: string;
  /** They sent the same on the same connections, and ended these at different times: a matter of time alone. */
  readonly byTime?: boolean;
}

export interface Row {
  readonly system: string;
  readonly version: string;
  /** Set when nothing was compared, and why. */
  readonly skipped?: string;
  readonly findings: readonly Finding[];
  /** What is allowed throughout, and why. */
  readonly remark?: string;
}

/** Cases at a time, unless the system says otherwise: they mostly wait. */
const AT_ONCE = 40;

/** Cases at a time that are tried again, the first time and later. */
const FEW_AT_ONCE = [8, 4, 2, 1] as const;

export async function heldAgainst(system: System, filter: string): Promise<Row> {
  const { title, atOnce = AT_ONCE, closesLate } = system;
  const cases = casesFor(system, filter);
  const programs: Program[] = [];
  let version = "?";
  try {
    const real = await started(system, cases);
    if ("missing" in real) return { system: title, version: "–", skipped: real.missing, findings: [] };
    version = real.version;
    programs.push(real);
    const holdfast = await startHoldfast(system, version);
    programs.push(holdfast);
    const pair = { real, holdfast };
    const first = await inTurns(cases, atOnce, (plan) => once(system, pair, plan));
    const findings = await again(first, cases, (plan) => once(system, pair, plan));
    return { system: title, version, findings, ...(closesLate !== undefined && { remark: closesLate }) };
  } catch (error) {
    const failed: Finding = { name: `${title} runs`, verdict: "unexplained", detail: String(error) };
    return { system: title, version, findings: [failed] };
  } finally {
    await Promise.all(programs.map((program) => program.close()));
  }
}

/** What is there must start; a machine that is busy may need a second time. */
async function started(system: System, cases: readonly Case[]): Promise<Program | Missing> {
  const proxied = system.proxied !== undefined;
  return await system.start(cases, proxied).catch(() => system.start(cases, proxied));
}

/** Node 24 needs no transformer, and starts sooner. */
export function scriptCommand(name: string): Command {
  const node = node24();
  const script = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  return node === undefined ? [...nodeWithTsx, script] : [node, "--no-warnings", script];
}

function startHoldfast(system: System, version: string): Promise<Program> {
  const { name, preset = name, versioned, given = {}, tunes: names = {}, proxied } = system;
  const number = versioned === true ? { version: /\d+(\.\d+)*/.exec(version)?.[0] ?? "" } : {};
  const choice: PresetChoice = { preset, given: { ...number, ...given }, names, proxied };
  return lineProgram([...scriptCommand("holdfast"), JSON.stringify(choice)]);
}

/** Works through a list, so many at a time; the ones that take longest first. */
async function inTurns(
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
 * A machine that stood still at the wrong moment moves a request to the other side of a limit, and the end of a
 * connection behind the last look. What is a matter of time is tried again, each time with less beside it: what the two
 * really do in different ways they do each time.
 */
async function again(
  first: readonly Finding[],
  cases: readonly Case[],
  work: (plan: Case) => Promise<Finding>,
): Promise<Finding[]> {
  let findings = [...first];
  for (const atOnce of FEW_AT_ONCE) {
    const doubtful = cases.filter((plan, at) => isDoubtful(plan, findings[at]));
    if (doubtful.length === 0) break;
    const later = await inTurns(doubtful, atOnce, work);
    findings = cases.flatMap((plan, at) => later[doubtful.indexOf(plan)] ?? findings[at] ?? []);
  }
  return findings;
}

function isDoubtful(plan: Case, finding: Finding | undefined): boolean {
  return finding?.verdict === "unexplained" && (isTimed(plan) || finding.byTime === true);
}

async function once(system: System, { real, holdfast }: Pair, plan: Case): Promise<Finding> {
  const [theirs, ours] = await Promise.all([trace(real, plan), trace(holdfast, plan)]);
  const { name } = plan;
  if (agree(system, theirs, ours)) return { name, verdict: "agreed", detail: formatTrace(theirs) };
  const detail = `${system.title}: ${formatTrace(theirs)}\nHoldfast: ${formatTrace(ours)}`;
  const excused = excuse([system.name, system.preset ?? ""], name, ours.requests.join(" · "));
  if (excused !== undefined) return { name, verdict: "documented", detail, reason: excused.reason };
  return { name, verdict: "unexplained", detail, byTime: compare(theirs, ours) === "ends differ" };
}

function agree({ closesLate }: System, theirs: Trace, ours: Trace): boolean {
  const comparison = compare(theirs, ours);
  return (
    comparison === "agree" ||
    (comparison === "ends differ" && closesLate !== undefined && endsSooner(ours, theirs))
  );
}
