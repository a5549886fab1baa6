/**
 * Idle experiments: how long the server keeps a connection after a request, and one that never had any. Many connections of
 * staggered ages wait side by side, so it takes about as long as the limit itself. Each is used once more at its age: a
 * connection that was forgotten on the way looks open until then.
 */

import { evenly, type Sample, silentBracket, staggered } from "../findings.ts";
import type { Lab } from "../lab.ts";
import { Enough } from "../lab.ts";

/** Connections after a request, `count` at a time. A second round narrows down when connections die without a word. */
export async function idleAfterRequest(lab: Lab, count: number): Promise<Sample[]> {
  const { maxIdleMs } = lab.settings;
  const first = await round(lab, staggered(count, maxIdleMs));
  const bracket = silentBracket(first);
  if (bracket === undefined || lab.signal.aborted) return first;
  return [...first, ...(await round(lab, evenly(count, bracket)))];
}

async function round(lab: Lab, ages: readonly number[]): Promise<Sample[]> {
  const samples = await Promise.all(ages.map((age) => usedOnce(lab, age)));
  return samples.flatMap((sample) => (sample === undefined ? [] : [sample]));
}

/** One request, then quiet for `age` ms, then another. */
async function usedOnce(lab: Lab, age: number): Promise<Sample | undefined> {
  try {
    const connection = await lab.open();
    const outcome = await lab.ask(connection);
    // A server that closes after each answer has no idle time: the experiment with requests says so.
    if (outcome.kind !== "answered" || !outcome.answer.persists) {
      connection.close();
      return undefined;
    }
    await lab.quiet(connection, age);
    const { ending, quietSince } = connection;
    if (ending !== undefined) return endSample(lab, ending.by, ending.at - quietSince);
    return await usedAgain(lab, connection, quietSince);
  } catch (error) {
    return tolerate(error, lab);
  }
}

async function usedAgain(
  lab: Lab,
  connection: Awaited<ReturnType<Lab["open"]>>,
  quietSince: number,
): Promise<Sample | undefined> {
  const at = lab.peer.clock.now() - quietSince;
  const outcome = await lab.ask(connection);
  connection.close();
  if (lab.signal.aborted && outcome.kind !== "answered") return undefined;
  if (outcome.kind === "answered") return { at, what: "alive" };
  // It looked open, and the request was lost: whoever forgot it did not say so when it did.
  lab.endings.silent += 1;
  return { at, what: "silent" };
}

/** Connections without a request. What a server says before it closes them (a 408) is noted. */
export async function idleUnused(lab: Lab, count: number): Promise<Sample[]> {
  const samples = await Promise.all(Array.from({ length: count }, () => neverUsed(lab)));
  return samples.flatMap((sample) => (sample === undefined ? [] : [sample]));
}

async function neverUsed(lab: Lab): Promise<Sample | undefined> {
  try {
    const connection = await lab.open();
    await lab.quiet(connection, lab.settings.maxIdleMs);
    const { ending, openedAt } = connection;
    if (ending === undefined) {
      connection.close();
      return { at: lab.settings.maxIdleMs, what: "alive" };
    }
    if (ending.said !== undefined)
      noteOnce(lab, `Before it closed an unused connection it said "${ending.said}".`);
    return endSample(lab, ending.by, ending.at - openedAt);
  } catch (error) {
    return tolerate(error, lab);
  }
}

function endSample(lab: Lab, by: "closed" | "reset" | "us", at: number): Sample | undefined {
  if (by === "us") return undefined;
  lab.endings[by] += 1;
  return { at, what: by };
}

function noteOnce(lab: Lab, note: string): void {
  if (!lab.notes.includes(note)) lab.notes.push(note);
}

/** A dial that fails after others succeeded is a limit of the server, and costs one sample. */
function tolerate(error: unknown, lab: Lab): undefined {
  if (lab.signal.aborted || error instanceof Enough) return undefined;
  noteOnce(lab, `A further connection failed: ${error instanceof Error ? error.message : String(error)}.`);
  return undefined;
}
