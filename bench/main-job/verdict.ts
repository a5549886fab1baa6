/** Verdict: the figures in plain words. It says no more than they show. */

import type { ClientName } from "./clients.ts";
import { type Figures, type JobResult, type OriginResult, type Totals, totalsOf } from "./result.ts";
import { addCounts, type Counts, ranked } from "./tally.ts";
import { plural } from "./words.ts";

const TITLES: Readonly<Record<ClientName, string>> = { holdfast: "Holdfast", builtin: "the built-in fetch" };

/** Errors of all runtimes with the same meaning. */
const CLOSED = /ECONNRESET|EPIPE|UND_ERR_SOCKET|connection closed|closed the connection/;

/** Why requests failed, most frequent first, with the error's own text. */
export function causesText(causes: Counts): string {
  const list = ranked(causes);
  const shown = list.slice(0, 3).map(([cause, times]) => (list.length === 1 ? cause : `${cause} ×${times}`));
  const words = list.length > shown.length ? `${shown.join(", ")} and others` : shown.join(", ");
  return list.every(([cause]) => CLOSED.test(cause)) ? `the server closed the connection (${words})` : words;
}

type Sums = Pick<Totals, "requests" | "failures" | "wrongAnswers" | "connections" | "duplicatedPosts"> & {
  readonly retries: number;
  readonly causes: Counts;
};

/** One clause about one client. */
export function clause(name: ClientName, sums: Sums): string {
  const over = sums.connections === undefined ? "" : ` over ${plural(sums.connections, "connection")}`;
  const sent = `${TITLES[name]} sent ${plural(sums.requests, "request")}${over}`;
  const parts = [sums.failures === 0 ? `${sent} without a failure` : `${sent} and failed ${failed(sums)}`];
  if (sums.retries > 0) {
    parts.push(`sent ${sums.retries} of them again because the connection turned out closed`);
  }
  if (sums.wrongAnswers > 0) parts.push(`passed on ${plural(sums.wrongAnswers, "wrong answer")}`);
  if ((sums.duplicatedPosts ?? 0) > 0) {
    parts.push(`made the server execute ${plural(sums.duplicatedPosts ?? 0, "POST")} twice`);
  }
  return joined(parts);
}

function failed({ failures, causes }: Sums): string {
  return `${failures === 1 ? "once" : `${failures} times`} because ${causesText(causes)}`;
}

function joined(parts: readonly string[]): string {
  if (parts.length < 3) return parts.join(" and ");
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** One sentence per origin. */
export function originVerdict({ clients }: OriginResult): string {
  const { holdfast, builtin } = clients;
  if (holdfast === undefined || holdfast.requests === 0) return "Nothing was sent.";
  const first = clause("holdfast", sumsOf(holdfast));
  if (builtin === undefined || builtin.requests === 0) return `${first}.`;
  return `${first}; ${clause("builtin", sumsOf(builtin))}.`;
}

function sumsOf(figures: Figures): Sums {
  return { ...figures, retries: figures.pool?.retries ?? 0 };
}

/** One or two sentences about everything. */
export function overallVerdict({ origins }: Pick<JobResult, "origins">): string {
  const holdfast = totalsOf(origins, "holdfast");
  const builtin = totalsOf(origins, "builtin");
  if (holdfast === undefined || holdfast.requests === 0) return "Nothing was sent, so nothing was shown.";
  const first = `${clause("holdfast", tallied(holdfast))}.`;
  if (builtin === undefined || builtin.requests === 0) return `${first} The built-in fetch had no turn.`;
  const second = clause("builtin", tallied(builtin));
  return `${first} ${second[0]?.toUpperCase()}${second.slice(1)}. ${comparison(origins, holdfast, builtin)}`;
}

function tallied(totals: Totals): Sums {
  return { ...totals, causes: addCounts(totals.causes) };
}

/** Says what the sums do not show, or seem to show but do not. */
function comparison(origins: readonly OriginResult[], holdfast: Totals, builtin: Totals): string {
  if (holdfast.requests !== builtin.requests)
    return "They did not send equally many, so the sums do not compare.";
  const harm = ({ failures, duplicatedPosts }: Totals): number => failures + (duplicatedPosts ?? 0);
  const sentences = [speed(origins)];
  if (harm(holdfast) > harm(builtin)) sentences.unshift("The built-in fetch did better here.");
  if (harm(holdfast) === harm(builtin)) sentences.unshift("Neither was safer than the other here.");
  return sentences.join(" ");
}

/** Smaller differences between medians count as chance. */
const CLEARLY = 1.1;

/** Says which client was faster at how many origins. Order and warm-up of the two differ, so it says no more. */
function speed(origins: readonly OriginResult[]): string {
  const faster = (one: ClientName, other: ClientName): number =>
    origins.filter(({ clients }) => (clients[one]?.p50 ?? NaN) * CLEARLY < (clients[other]?.p50 ?? NaN))
      .length;
  const [ours, theirs] = [faster("holdfast", "builtin"), faster("builtin", "holdfast")];
  if (ours + theirs === 0) return "By the median time neither was clearly faster.";
  return `By the median time Holdfast was faster at ${ours} of ${plural(origins.length, "origin")}, the built-in fetch at ${theirs}.`;
}

/** Whether Holdfast did everything right, which the exit code reports. */
export function holdfastIsFine({ origins }: Pick<JobResult, "origins">): boolean {
  const totals = totalsOf(origins, "holdfast");
  return totals !== undefined && totals.failures === 0 && (totals.duplicatedPosts ?? 0) === 0;
}
