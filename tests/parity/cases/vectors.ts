/** Cases for every spelling of `Keep-Alive`: how long each system that reads it keeps the connection. */

import { ok } from "../answers.ts";
import { type Case, get, wait } from "../schedule.ts";

/** Seconds for which an idle connection is kept. "long" is longer than any case waits. */
type Kept = number | "never" | "long";

/** Systems that read the header, in the order of the columns. */
const readers = ["undici", "nodeAgent", "apacheHttpClient5", "apacheHttpClient4", "jdk"] as const;

type Row = readonly [value: string | undefined, ...kept: readonly [Kept, Kept, Kept, Kept, Kept]];

/** Each value is sent with `Connection: keep-alive`. Apache HttpClient 5's 3 min without a hint are set to 2 s. */
const rows: readonly Row[] = [
  // value                      undici   nodeAgent  HC 5     HC 4    JDK
  [undefined, 4, 5, 2, "long", 5],
  ["timeout=5", 3, 4, 5, 5, 5],
  ["timeout=1", "never", "never", 1, 1, 1],
  ["timeout=2", "never", 1, 2, 2, 2],
  ["timeout=0", "never", "never", "long", "long", "never"],
  ["timeout=-1", 4, 5, "long", "long", 5],
  ["Timeout=5", 3, 5, 5, 5, 5],
  ['timeout="5"', 4, 5, 5, 5, 5],
  ["timeout = 5", 4, 5, 5, 5, 5],
  ["max=5, timeout=3", 1, 5, 3, 3, 3],
  ["timeout=3;max=10", 1, 2, 3, 3, 5],
  ["timeout=3, timeout=9", 1, 2, 3, 3, 3],
  ["timeout=abc", 4, 5, 2, "long", 5],
  ["timeout=abc, timeout=3", 1, 5, 3, 3, 5],
  ["timeout=3.9", 1, 2, 2, "long", 5],
  ["timeout=99999999999", "long", 5, "long", "long", 5],
  ["timeout=2147484", "long", 5, "long", "long", "never"],
  ["idletimeout=3", 4, 5, 2, "long", 5],
  ["max=0", 4, 5, 2, "long", "never"],
  ["max=1", 4, 5, 2, "long", "never"],
  ["max=2", 4, 5, 2, "long", 5],
  ["timeout=3, max=1", 1, 2, 3, 3, "never"],
  ["timeout=3, max=100", 1, 2, 3, 3, 3],
];

/** undici before 8.12 finds the name anywhere in the value, but only in lower case. */
const UNDICI_7: Readonly<Record<string, Kept>> = { "Timeout=5": 4, "idletimeout=3": 1 };

/** Distance of each probe from the limit, because of inexact clocks and a loaded machine. */
const BESIDE_S = 0.6;

/** undici's timers for more than a second fire up to a second late. */
const LATE_S: Readonly<Record<string, number>> = { undici: 1, undici7: 1 };

/** Longer than any default in the table. */
const LONG_S = 6.6;

/** The idle times after which a case sends the second request. */
function probes(kept: Kept, system: string): number[] {
  if (kept === "never") return [0.3];
  if (kept === "long") return [LONG_S];
  const after = kept + BESIDE_S + (LATE_S[system] ?? 0);
  return [kept - BESIDE_S, after];
}

function fields(value: string | undefined): string[] {
  return ["Connection: keep-alive", ...(value === undefined ? [] : [`Keep-Alive: ${value}`])];
}

function probe(system: string, value: string | undefined, kept: Kept): Case[] {
  const tune = system === "apacheHttpClient5" ? { tune: { idleTimeoutMs: 2000 } } : {};
  return probes(kept, system).map((seconds) => ({
    name: `Keep-Alive: ${value ?? "(none)"}, ${seconds.toFixed(1)} s idle`,
    only: [system],
    ...tune,
    steps: [get(ok(...fields(value))), wait(seconds * 1000), get(ok())],
  }));
}

const read = rows.flatMap(([value, ...kept]) => [
  ...readers.flatMap((system, at) => probe(system, value, kept[at] ?? "never")),
  ...probe("undici7", value, UNDICI_7[value ?? ""] ?? kept[0]),
]);

/** Cases for systems that ignore the header: a hint to close at once changes nothing. */
const ignored = ["timeout=0", "timeout=1", "max=0", "timeout=1, max=1", "timeout=abc"].map(
  (value): Case => ({
    name: `Keep-Alive: ${value}, 0.3 s idle`,
    steps: [get(ok(...fields(value))), wait(300), get(ok())],
  }),
);

const others: Case[] = [
  {
    name: "Keep-Alive: timeout=1 without Connection: keep-alive, 1.8 s idle",
    steps: [get(ok("Keep-Alive: timeout=1")), wait(1800), get(ok())],
  },
  {
    name: "Keep-Alive: timeout=0 without Connection: keep-alive, 0.3 s idle",
    steps: [get(ok("Keep-Alive: timeout=0")), wait(300), get(ok())],
  },
  {
    name: "Keep-Alive: max=2 on every response is no budget",
    steps: [1, 2, 3, 4].flatMap(() => [get(ok(...fields("max=2"))), wait(100)]),
  },
  {
    name: "Keep-Alive: max=1 on the second response",
    steps: [get(ok(...fields("max=2"))), wait(100), get(ok(...fields("max=1"))), wait(100), get(ok())],
  },
  {
    name: "Keep-Alive: the timeout of a later response, 2.6 s idle",
    steps: [
      get(ok(...fields("timeout=9"))),
      wait(100),
      get(ok(...fields("timeout=2"))),
      wait(2600),
      get(ok()),
    ],
  },
  {
    name: "Keep-Alive: a later response without it, 2.6 s idle",
    steps: [
      get(ok(...fields("timeout=2"))),
      wait(100),
      get(ok("Connection: keep-alive")),
      wait(2600),
      get(ok()),
    ],
  },
];

export const vectors: Case[] = [...read, ...ignored, ...others];
