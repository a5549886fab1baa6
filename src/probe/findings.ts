/** Findings: what follows from what the connections of a probe met. Pure: samples in, limits out. */

import { median } from "./median.ts";

/** A limit that was found, or how far it was looked for. */
export interface Finding {
  /** The limit, if it was reached: the median of the times that were seen, or the least of the counts. */
  readonly value: number | undefined;
  /** The connection still held at this. */
  readonly atLeast: number;
  /** The least and the most that was seen. */
  readonly between: readonly [least: number, most: number] | undefined;
  /** On how many connections it was seen. */
  readonly seen: number;
  /** How the server ended: what was seen most often. */
  readonly how: EndKind | undefined;
}

/** How a limit shows. */
export type EndKind =
  /** The server announced it: `Connection: close`, or GOAWAY over HTTP/2. */
  | "announced"
  /** FIN. */
  | "closed"
  /** RST. */
  | "reset"
  /** A connection that looked open never answered: it was forgotten on the way. */
  | "silent";

/** One connection at one moment: it had ended in this way, or `"alive"`: it still answered. */
export interface Sample {
  /** Age, idle time or number of requests. */
  readonly at: number;
  readonly what: EndKind | "alive";
  /** The address that the connection led to, if the server has several. */
  readonly address?: string | undefined;
}

/** Nothing was looked for, or nothing was seen. */
export const NOTHING: Finding = { value: undefined, atLeast: 0, between: undefined, seen: 0, how: undefined };

/**
 * The limit that these samples show.
 *
 * An end that was seen when it came is exact. A connection that turned out to be dead when it was used died some time before:
 * between the last moment at which one was alive, and its own.
 */
export function findingOf(samples: readonly Sample[]): Finding {
  const alive = samples.flatMap(({ at, what }) => (what === "alive" ? [at] : []));
  const seenEnds = samples.filter(
    ({ what }) => what === "closed" || what === "reset" || what === "announced",
  );
  const atLeast = Math.max(0, ...alive);
  if (seenEnds.length > 0) {
    const times = seenEnds.map(({ at }) => at);
    return {
      value: median(times),
      atLeast: Math.min(...times),
      between: [Math.min(...times), Math.max(...times)],
      seen: times.length,
      how: mostFrequent(seenEnds.map(({ what }) => what as EndKind)),
    };
  }
  const bracket = silentBracket(samples);
  if (bracket === undefined) return { ...NOTHING, atLeast };
  const [least, most] = bracket;
  const seen = samples.filter(({ what }) => what === "silent").length;
  return { value: (least + most) / 2, atLeast: least, between: bracket, seen, how: "silent" };
}

/** The limit that these counts show: the least, because half a request is none and a client must stay below all of them. */
export function countOf(samples: readonly Sample[]): Finding {
  const found = findingOf(samples);
  return found.value === undefined || found.between === undefined
    ? found
    : { ...found, value: Math.ceil(found.between[0]) };
}

/** Between which moments connections begin to be dead without a word, or `undefined` if none was. */
export function silentBracket(
  samples: readonly Sample[],
): readonly [least: number, most: number] | undefined {
  const dead = samples.flatMap(({ at, what }) => (what === "silent" ? [at] : []));
  if (dead.length === 0) return undefined;
  const first = Math.min(...dead);
  const alive = samples.flatMap(({ at, what }) => (what === "alive" && at < first ? [at] : []));
  return [Math.max(0, ...alive), first];
}

/** Ages at which to look, each the same factor above the last: `count` of them up to `most`. */
export function staggered(count: number, most: number): number[] {
  const least = Math.min(1000, most / 2);
  const factor = count > 1 ? (most / least) ** (1 / (count - 1)) : 1;
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? most : least * factor ** index));
}

/** Ages that divide a bracket evenly. */
export function evenly(count: number, [least, most]: readonly [number, number]): number[] {
  return Array.from({ length: count }, (_, index) => least + ((most - least) * (index + 1)) / (count + 1));
}

function mostFrequent(kinds: readonly EndKind[]): EndKind | undefined {
  const counts = new Map<EndKind, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
