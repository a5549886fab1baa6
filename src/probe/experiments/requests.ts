/** Requests experiment: how many requests the server answers on one connection, one after the other. */

import type { Sample } from "../findings.ts";
import type { Lab } from "../lab.ts";
import type { Outcome, ProbeConnection } from "../probe-connection.ts";

/** Two connections, the second only if the first met a limit. */
export async function requestsPerConnection(lab: Lab): Promise<Sample[]> {
  const first = await untilItEnds(lab);
  if (first === undefined) return [];
  if (first.what === "alive") return [first];
  const second = await untilItEnds(lab);
  return second === undefined ? [first] : [first, second];
}

async function untilItEnds(lab: Lab): Promise<Sample | undefined> {
  try {
    const connection = await lab.open();
    const last = await askOften(lab, connection);
    connection.close();
    if (lab.signal.aborted) return undefined;
    const what = last.kind === "answered" ? answeredLast(last.answer.persists) : endOf(last);
    if (what === undefined) return undefined;
    if (what !== "alive") lab.endings[what] += 1;
    return { at: connection.answers, what };
  } catch (error) {
    return lab.run.tolerate(error);
  }
}

/** One request after the other, until one of them is the last. */
async function askOften(lab: Lab, connection: ProbeConnection): Promise<Outcome> {
  for (;;) {
    const outcome = await lab.ask(connection);
    if (outcome.kind !== "answered" || !outcome.answer.persists) return outcome;
    if (connection.answers >= lab.settings.requests) return outcome;
  }
}

function answeredLast(persists: boolean): "alive" | "announced" {
  return persists ? "alive" : "announced";
}

type Failed = Exclude<Outcome, { kind: "answered" }>;

/** What comes after the last answer. A fault in the protocol proves no limit. */
export function endOf(outcome: Failed): "announced" | "closed" | "reset" | "silent" | undefined {
  if (outcome.kind === "silence") return "silent";
  if (outcome.kind !== "ended" || outcome.ending.by === "us") return undefined;
  return outcome.ending.by;
}
