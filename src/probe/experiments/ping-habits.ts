/** Pings experiment: what a server does with PING frames on a quiet HTTP/2 connection. */

import type { Finding } from "../findings.ts";
import type { Lab } from "../lab.ts";
import type { Outcome, ProbeConnection } from "../probe-connection.ts";

/** What was seen of PING. */
export interface PingHabits {
  /** Whether the first one was answered; `undefined`: nothing was measured. */
  readonly answered: boolean | undefined;
  /** How long the answers took at most, in ms. */
  readonly tookMs: number;
  /** How many were sent a second apart without a complaint, and how many at most. */
  readonly tolerated: number;
  readonly tried: number;
  /** What the server said to one too many. */
  readonly refusal: string | undefined;
  /** Whether a connection outlives the idle limit because it is pinged; `undefined`: there was no limit to outlive. */
  readonly prolongs: boolean | undefined;
}

/** gRPC servers complain of the third; ten show that others do not. */
const TRIED = 10;
const APART_MS = 1000;
/** Afterwards, while it is seen whether they keep the connection open. */
const LATER_MS = 5000;
/** A connection that lives so much longer than the idle limit lives because of the PINGs. */
const LONGER = 1.25;
const LONGER_MS = 2000;

/** Pings a connection that has no request: often at first, then as long as it takes to outlive the idle limit. */
export async function pingHabits(lab: Lab, idle: Promise<Finding>): Promise<PingHabits> {
  const seen = { answered: undefined as boolean | undefined, tookMs: 0, tolerated: 0 };
  const nothing: PingHabits = { ...seen, tried: TRIED, refusal: undefined, prolongs: undefined };
  try {
    const connection = await lab.open();
    const first = await lab.ask(connection);
    if (first.kind !== "answered" || !first.answer.persists) {
      connection.close();
      return nothing;
    }
    while (seen.tolerated < TRIED) {
      const outcome = await connection.ping(lab.timeoutMs);
      seen.answered ??= outcome.kind === "ponged";
      if (outcome.kind !== "ponged") return { ...nothing, ...seen, ...(await refused(lab, outcome, idle)) };
      seen.tookMs = Math.max(seen.tookMs, outcome.tookMs);
      seen.tolerated += 1;
      await lab.quiet(connection, APART_MS);
    }
    return { ...nothing, ...seen, prolongs: await outlives(lab, connection, idle) };
  } catch (error) {
    lab.run.tolerate(error);
    return { ...nothing, ...seen };
  }
}

/** An idle limit below ten seconds ends the connection while it is pinged, which is no complaint. */
async function refused(
  { signal }: Lab,
  outcome: Exclude<Outcome, { kind: "ponged" }>,
  idle: Promise<Finding>,
): Promise<Pick<PingHabits, "refusal" | "prolongs">> {
  if (signal.aborted || outcome.kind !== "ended") return { refusal: undefined, prolongs: undefined };
  const { said } = outcome.ending;
  const isComplaint = said !== undefined && !said.startsWith("GOAWAY NO_ERROR");
  if (isComplaint) return { refusal: said, prolongs: undefined };
  const { value } = await idle;
  return { refusal: undefined, prolongs: value === undefined ? undefined : false };
}

async function outlives(
  lab: Lab,
  connection: ProbeConnection,
  idle: Promise<Finding>,
): Promise<boolean | undefined> {
  let untilMs = lab.settings.maxIdleMs * LONGER;
  // If the others have found no limit, there is none to outlive.
  void idle.then(({ value }) => {
    untilMs = value === undefined ? 0 : value * LONGER + LONGER_MS;
  });
  while (connection.ending === undefined && lab.peer.clock.now() - connection.quietSince < untilMs) {
    await connection.ping(lab.timeoutMs);
    await lab.quiet(connection, LATER_MS);
  }
  const isOpen = connection.ending === undefined;
  connection.close();
  const { value } = await idle;
  return value === undefined || lab.signal.aborted ? undefined : isOpen;
}
