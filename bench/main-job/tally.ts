/** Tally: sums of the outcomes of one client at one origin. */

import type { Failure, Outcome } from "./send.ts";

/** Counts by name. Lists show the most frequent first. */
export type Counts = Readonly<Record<string, number>>;

/** The outcomes of the requests to one origin. */
export interface Tally {
  readonly requests: number;
  readonly failures: number;
  readonly wrongAnswers: number;
  readonly causes: Counts;
  /** Counts by status, for servers that are not ours. */
  readonly statuses: Counts;
  /** The different `Keep-Alive` values seen. */
  readonly announcements: readonly string[];
  readonly p50: number;
  readonly p99: number;
}

/** How many different values are kept. A server that counts `max` down announces a new value each time. */
const ANNOUNCEMENTS_KEPT = 4;

export class Tallier {
  readonly #latencies: number[] = [];
  readonly #causes = new Map<string, number>();
  readonly #statuses = new Map<string, number>();
  readonly #announcements = new Set<string>();
  #requests = 0;
  #failures = 0;
  #wrongAnswers = 0;

  add({ failure, elapsedMs, status, keepAlive }: Outcome): void {
    this.#requests++;
    if (status !== undefined) count(this.#statuses, String(status));
    if (keepAlive !== undefined && this.#announcements.size < ANNOUNCEMENTS_KEPT) {
      this.#announcements.add(keepAlive);
    }
    if (failure === undefined) this.#latencies.push(elapsedMs);
    else this.#fail(failure);
  }

  get failures(): number {
    return this.#failures;
  }

  get requests(): number {
    return this.#requests;
  }

  result(): Tally {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return {
      requests: this.#requests,
      failures: this.#failures,
      wrongAnswers: this.#wrongAnswers,
      causes: Object.fromEntries(this.#causes),
      statuses: Object.fromEntries(this.#statuses),
      announcements: [...this.#announcements],
      p50: percentile(sorted, 50),
      p99: percentile(sorted, 99),
    };
  }

  #fail({ kind, cause }: Failure): void {
    this.#failures++;
    if (kind === "wrong answer") this.#wrongAnswers++;
    count(this.#causes, kind === "wrong answer" ? `wrong answer: ${cause}` : cause);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The smallest value that at least `percent` of the values do not exceed (nearest rank); `NaN` of none. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(rank, 1) - 1] ?? Number.NaN;
}

/** Adds counts up by name. */
export function addCounts(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, times] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + times;
  }
  return sum;
}

/** The entries, most frequent first. */
export function ranked(counts: Counts): [name: string, times: number][] {
  return Object.entries(counts).sort(([, a], [, b]) => b - a);
}
