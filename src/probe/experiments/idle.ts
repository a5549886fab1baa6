/**
 * Idle experiments: how long the server keeps a connection after a request, and one that never had any. Many connections of
 * staggered ages wait side by side, so it takes about as long as the limit itself. Each is used once more at its age: a
 * connection that was forgotten on the way looks open until then.
 */

import { evenly, findingOf, type Sample, silentBracket, staggered } from "../findings.ts";
import type { Lab } from "../lab.ts";
import type { ProbeConnection } from "../probe-connection.ts";

/** So many connections are passed through a relay, where there is TLS, to see how it ends: those that wait longest. */
const WATCHED = 2;

/**
 * Connections after a request, `count` at a time. A second round narrows down when connections die without a word, or looks whether
 * the limit is still the same: a server that is reloaded closes all its idle connections at once.
 */
export async function idleAfterRequest(lab: Lab, count: number): Promise<Sample[]> {
  const { maxIdleMs } = lab.settings;
  const first = await round(lab, staggered(count, maxIdleMs));
  if (lab.signal.aborted) return first;
  const bracket = silentBracket(first);
  if (bracket !== undefined) return [...first, ...(await round(lab, evenly(count, bracket)))];
  const { between } = findingOf(first);
  // A connection in steady use is watched for as long, so that this takes no further time.
  if (between === undefined || 2 * between[1] > maxIdleMs) return first;
  return await confirmed(lab, count, first, between);
}

/** So many connections look once more for a limit that was found. */
const CONFIRMING = 2;
/** They wait this much longer than the limit. */
const LONGER = 1.5;
const LONGER_MS = 1000;

async function confirmed(
  lab: Lab,
  count: number,
  first: readonly Sample[],
  [least, most]: readonly [number, number],
): Promise<Sample[]> {
  const ages = new Array<number>(Math.min(count, CONFIRMING)).fill(most * LONGER + LONGER_MS);
  const again = await round(lab, ages);
  const agrees = ({ at, what }: Sample) =>
    what !== "alive" && at >= least / LONGER - LONGER_MS && at <= most * LONGER + LONGER_MS;
  if (lab.signal.aborted || again.every(agrees)) return [...first, ...again];
  const seconds = Math.round(most / 100) / 10;
  lab.run.note(
    `Idle connections ended after ${seconds}s at first, and later not: the limit has changed, or all were closed at once then.`,
  );
  return await round(lab, staggered(count, lab.settings.maxIdleMs));
}

async function round(lab: Lab, ages: readonly number[]): Promise<Sample[]> {
  lab.run.endsAt = Math.max(lab.run.endsAt, lab.peer.clock.now() + Math.max(...ages));
  const longest = ages.length - WATCHED;
  return found(await Promise.all(ages.map((age, index) => usedOnce(lab, age, index >= longest))));
}

function found(samples: readonly (Sample | undefined)[]): Sample[] {
  return samples.flatMap((sample) => (sample === undefined ? [] : [sample]));
}

/** One request, then quiet for `age` ms, then another. */
async function usedOnce(lab: Lab, age: number, watched: boolean): Promise<Sample | undefined> {
  try {
    const connection = await lab.open({ watched });
    const outcome = await lab.ask(connection);
    // A server that closes after each answer has no idle time: the experiment with requests says so.
    if (outcome.kind !== "answered" || !outcome.answer.persists) {
      connection.close();
      return undefined;
    }
    await lab.quiet(connection, age);
    return endSample(lab, connection, connection.quietSince) ?? (await usedAgain(lab, connection));
  } catch (error) {
    return lab.run.tolerate(error);
  }
}

async function usedAgain(lab: Lab, connection: ProbeConnection): Promise<Sample | undefined> {
  // The probe was stopped.
  if (connection.ending !== undefined) return undefined;
  const { address } = connection;
  const at = lab.peer.clock.now() - connection.quietSince;
  const outcome = await lab.ask(connection);
  connection.close();
  if (outcome.kind === "answered") return { at, what: "alive", address };
  // A fault in the protocol is an answer, too.
  if (lab.signal.aborted || outcome.kind === "faulty") return undefined;
  // It looked open, and the request was lost: whoever forgot it did not say so when it did.
  lab.endings.silent += 1;
  return { at, what: "silent", address };
}

/** Connections without a request. What a server says before it closes them (a 408) is noted. */
export async function idleUnused(lab: Lab, count: number): Promise<Sample[]> {
  return found(await Promise.all(Array.from({ length: count }, () => neverUsed(lab))));
}

async function neverUsed(lab: Lab): Promise<Sample | undefined> {
  try {
    const connection = await lab.open({ watched: true });
    const { address } = connection;
    await lab.quiet(connection, lab.settings.maxIdleMs);
    const { ending } = connection;
    if (ending === undefined) {
      connection.close();
      return { at: lab.settings.maxIdleMs, what: "alive", address };
    }
    if (ending.said !== undefined && ending.by !== "us" && lab.peer.protocol === "http/1.1")
      lab.run.note(`Before it closed an unused connection it said "${ending.said}".`);
    return endSample(lab, connection, connection.openedAt);
  } catch (error) {
    return lab.run.tolerate(error);
  }
}

/** When and how the server ended a connection that was quiet since then; `undefined` if it did not. */
function endSample(lab: Lab, { ending, address }: ProbeConnection, quietSince: number): Sample | undefined {
  const what = ending === undefined ? undefined : lab.count(ending);
  return ending === undefined || what === undefined
    ? undefined
    : { at: ending.at - quietSince, what, address };
}

/** Silence before the kernel's first probe, and between two: a second less than the 15 s of Holdfast's own default. */
export const TCP_KEEP_ALIVE = { idleMs: 14_000, intervalMs: 14_000, probes: 3 } as const;

/**
 * One connection that is kept warm by TCP keepalive for as long as the others wait. Where those were forgotten without a word,
 * it shows whether probes of the kernel prevent that.
 */
export async function keptWarm(lab: Lab): Promise<Sample | undefined> {
  try {
    const connection = await lab.open({ tcpKeepAlive: TCP_KEEP_ALIVE });
    const outcome = await lab.ask(connection);
    if (outcome.kind !== "answered" || !outcome.answer.persists) {
      connection.close();
      return undefined;
    }
    await lab.quiet(connection, lab.settings.maxIdleMs);
    // Counted by the others: an end is the server's idle limit, or the kernel's word that nobody answers.
    const { ending, quietSince } = connection;
    if (ending === undefined) return await usedAgain(lab, connection);
    return ending.by === "us" ? undefined : { at: ending.at - quietSince, what: ending.by };
  } catch (error) {
    return lab.run.tolerate(error);
  }
}
