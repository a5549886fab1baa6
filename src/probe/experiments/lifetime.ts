/** Lifetime experiment: how old a connection becomes that is in steady use. */

import type { Finding, Sample } from "../findings.ts";
import type { Lab } from "../lab.ts";
import type { Outcome, ProbeConnection } from "../probe-connection.ts";
import { endOf } from "./requests.ts";

/** The shortest and the longest pause between two requests. */
const SHORTEST_MS = 250;
const LONGEST_MS = 4000;
/** A pause is this part of the age, which bounds both the error and the number of requests. */
const PART_OF_AGE = 0.1;
/** A part of the shortest idle time that is known: the connection must never count as idle. */
const PART_OF_IDLE = 0.5;

/** What must be known before: a connection must end by its age, not by its idle time or its number of requests. */
export interface OtherLimits {
  readonly requests: Finding;
  /** The shortest idle time that was announced or met by now, in ms. */
  readonly idleMs: () => number;
}

/** Ages at which connections in steady use ended, or still lived. */
export async function lifetimes(lab: Lab, count: number, limits: OtherLimits): Promise<Sample[]> {
  const samples = await Promise.all(Array.from({ length: count }, () => grownOld(lab, limits)));
  return samples.flatMap((sample) => (sample === undefined ? [] : [sample]));
}

async function grownOld(lab: Lab, limits: OtherLimits): Promise<Sample | undefined> {
  try {
    const connection = await lab.open();
    const { lastAlive, outcome } = await keepBusy(lab, connection, limits);
    connection.close();
    const stillAlive: Sample | undefined = lastAlive > 0 ? { at: lastAlive, what: "alive" } : undefined;
    if (lab.signal.aborted || outcome === undefined) return stillAlive;
    return endOfLife(lab, connection, outcome, lastAlive);
  } catch (error) {
    return lab.run.tolerate(error);
  }
}

/** Asks again and again. Without an `outcome` the connection outlived the experiment. */
async function keepBusy(
  lab: Lab,
  connection: ProbeConnection,
  { requests, idleMs }: OtherLimits,
): Promise<{ lastAlive: number; outcome: Outcome | undefined }> {
  const age = () => lab.peer.clock.now() - connection.openedAt;
  // The last request that the server allows would end it by their number.
  const most = (requests.value ?? Infinity) - 1;
  let lastAlive = 0;
  while (age() < lab.settings.maxIdleMs && connection.answers < most) {
    const outcome = await lab.ask(connection);
    if (outcome.kind !== "answered" || !outcome.answer.persists) return { lastAlive, outcome };
    lastAlive = age();
    await lab.quiet(connection, pause(lastAlive, idleMs()));
    if (connection.ending !== undefined) return { lastAlive, outcome };
  }
  return { lastAlive, outcome: undefined };
}

function endOfLife(
  lab: Lab,
  connection: ProbeConnection,
  outcome: Outcome,
  lastAlive: number,
): Sample | undefined {
  const age = lab.peer.clock.now() - connection.openedAt;
  if (outcome.kind === "answered" && !outcome.answer.persists) {
    lab.endings.announced += 1;
    // The age was reached at some time since the answer before.
    return { at: (lastAlive + age) / 2, what: "announced" };
  }
  const { ending } = connection;
  const by = ending === undefined ? undefined : lab.count(ending);
  if (ending !== undefined && by !== undefined) return { at: ending.at - connection.openedAt, what: by };
  const what = outcome.kind === "answered" ? undefined : endOf(outcome);
  return what === undefined ? undefined : { at: (lastAlive + age) / 2, what };
}

function pause(age: number, idleMs: number): number {
  return Math.min(LONGEST_MS, idleMs * PART_OF_IDLE, Math.max(SHORTEST_MS, age * PART_OF_AGE));
}
