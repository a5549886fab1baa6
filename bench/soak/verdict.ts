/** Verdict: whether memory and sockets stayed flat. */

import type { Sample } from "./protocol.ts";

const MIB = 1024 * 1024;
/** How much the heap may grow from the second quarter of the run to the last: noise of garbage collection. */
const HEAP_NOISE = 0.1;
const HEAP_NOISE_BYTES = 1.5 * MIB;
/** Resident memory returns to the system late, or never. */
const RSS_NOISE = 0.15;
const RSS_NOISE_BYTES = 24 * MIB;

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
}

export function verdict(samples: readonly Sample[]): Finding[] {
  const quiet = samples.filter(({ state }) => state === "quiet");
  const [fresh, closed] = ["fresh", "closed"].map((state) =>
    samples.find((sample) => sample.state === state),
  );
  if (fresh === undefined || closed === undefined) return [{ what: "the run came to its end", ok: false }];
  const astray = Math.max(...quiet.map(({ sockets, open }) => Math.abs(sockets - open)));
  const active = Math.max(...quiet.map((sample) => sample.active));
  return [
    ...flat(
      "heap after collection",
      quiet.map(({ heap }) => heap),
      HEAP_NOISE,
      HEAP_NOISE_BYTES,
    ),
    ...flat(
      "resident memory",
      quiet.map(({ rss }) => rss),
      RSS_NOISE,
      RSS_NOISE_BYTES,
    ),
    {
      what: `while quiet, pool and servers agree on what is open (largest difference ${astray})`,
      ok: astray === 0,
    },
    { what: `while quiet, no connection is active (most: ${active})`, ok: active === 0 },
    {
      what: `after close(): ${closed.open} open in the pool, ${closed.sockets} at the servers`,
      ok: closed.open + closed.sockets === 0,
    },
    ...(closed.files === undefined || fresh.files === undefined
      ? []
      : [
          {
            what: `file descriptors: ${fresh.files} before, ${closed.files} after`,
            ok: closed.files <= fresh.files + 2,
          },
        ]),
  ];
}

/** Compares the second quarter with the last. In the first quarter, caches and pools fill. */
function flat(what: string, values: readonly number[], share: number, bytes: number): Finding[] {
  const quarter = Math.floor(values.length / 4);
  if (quarter === 0) return [];
  const early = middle(values.slice(quarter, 2 * quarter));
  const late = middle(values.slice(-quarter));
  const ok = late <= early * (1 + share) + bytes;
  return [{ what: `${what}: ${mib(early)} in the second quarter, ${mib(late)} in the last`, ok }];
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
