/** Goal list: what Holdfast wants to keep, beside others. A goal holds on whichever machine it is measured. */

import { BEST_PEER, ceilingGoal, type Goal, latencyGoal, type RatioGoal, ratioGoal } from "./goals.ts";
import { type Part, partOf } from "./results.ts";
import { times } from "./table.ts";
import type { WorkersRatio } from "./workers.ts";

const RUNTIMES = ["Node 24", "Deno", "Bun"] as const;
type Of<Value> = Readonly<Record<(typeof RUNTIMES)[number], Value>>;

/** The same comparison on some runtimes. */
function ratios(
  section: string,
  client: string,
  beside: string,
  least: Partial<Of<RatioGoal["atLeast"]>>,
): RatioGoal[] {
  return Object.entries(least).map(([runtime, atLeast]) => ({ section, runtime, client, beside, atLeast }));
}

/**
 * How near `request()` comes to a socket depends on the processor: on the server processors of AMD that we have measured, the
 * library's own part is a smaller share of what the kernel takes than on Intel's. Another processor has the lower goal.
 */
function onProcessor(others: number, amd: number): (processor: string) => number {
  return (processor) => (/\b(AMD|EPYC)\b/.test(processor) ? amd : others);
}

const [REQUEST, FETCH, BUILT_IN] = ["holdfast request", "holdfast fetch", "built-in fetch"];

const SMALL: readonly RatioGoal[] = [
  ...ratios("small", REQUEST, "raw socket", {
    "Node 24": onProcessor(0.77, 0.8),
    Deno: onProcessor(0.74, 0.76),
    Bun: onProcessor(0.76, 0.78),
  }),
  ...ratios("small", REQUEST, "undici dispatch", { "Node 24": 1.7 }),
  ...ratios("small", REQUEST, "undici request", { "Node 24": 2.1 }),
  ...ratios("small", REQUEST, BUILT_IN, { Deno: 3, Bun: 2 }),
  ...ratios("small", FETCH, BUILT_IN, { "Node 24": 9, Deno: 2.5, Bun: 1.7 }),
];

const BODIES: readonly RatioGoal[] = [
  ...ratios("medium", FETCH, BEST_PEER, { Bun: 1.2 }),
  ...ratios("chunked", REQUEST, BEST_PEER, { Bun: 1.15 }),
  ...ratios("chunked", FETCH, BEST_PEER, { Bun: 1.05 }),
  ...ratios("large", FETCH, BEST_PEER, { "Node 24": 1.3, Deno: 1.7, Bun: 1 }),
  ...ratios("large", REQUEST, BEST_PEER, { Bun: 1 }),
  ...ratios("upload", REQUEST, BEST_PEER, { "Node 24": 1.1, Deno: 1, Bun: 1.1 }),
  ...["upload-bytes", "upload-blob", "upload-form"].flatMap((section) =>
    ratios(section, REQUEST, BEST_PEER, { "Node 24": 1.1, Deno: 1.1, Bun: 1.1 }),
  ),
];

const CONNECTIONS: readonly RatioGoal[] = [
  // Deno shows its rate without a goal: its sockets resume no session.
  ...ratios("tls-new", REQUEST, BEST_PEER, { "Node 24": 1, Bun: 1 }),
  ...ratios("origins", REQUEST, BEST_PEER, { "Node 24": 1.5, Deno: 1.5, Bun: 1.5 }),
];

/** Programs that never call the pool. */
const FRONTS: readonly RatioGoal[] = [
  ...ratios("dispatcher", "holdfast under undici request", "undici request", { "Node 24": 1.2 }),
  ...ratios("dispatcher", "holdfast under undici dispatch", "undici dispatch", { "Node 24": 1.2 }),
  ...ratios("dispatcher", "holdfast under undici fetch", "undici fetch", { "Node 24": 1 }),
  ...ratios("dispatcher", "holdfast under fetch", BUILT_IN, { "Node 24": 1 }),
  ...ratios("agent", "holdfast under node:http", "node:http", { "Node 24": 1 }),
  ...ratios("agent", "holdfast under node:http", "agentkeepalive", { "Node 24": 1 }),
];

/** With 100 streams on one connection. */
const HTTP2: readonly RatioGoal[] = [
  ...ratios("h2-nginx", REQUEST, "node:http2", { "Node 24": 2, Deno: 2, Bun: 1.6 }),
  ...ratios("h2-nghttpd", REQUEST, "node:http2", { "Node 24": 3, Deno: 5, Bun: 6 }),
  ...ratios("h2-nginx", REQUEST, "undici request", { "Node 24": 3 }),
  ...ratios("h2-nginx", REQUEST, BUILT_IN, { Deno: 2.5, Bun: 1.7 }),
  ...ratios("h2-nginx", REQUEST, "holdfast HTTP/1.1", { "Node 24": 1, Deno: 1, Bun: 1 }).map((goal) => ({
    ...goal,
    atLeastByCpu: 1 / 0.9,
  })),
  ...ratios("h2-medium", REQUEST, "node:http2", { "Node 24": 1.8, Deno: 2, Bun: 1.1 }),
  ...ratios("h2-large", REQUEST, "node:http2", { "Node 24": 1 }),
  ...ratios("h2-large", REQUEST, BUILT_IN, { Deno: 1, Bun: 1 }),
  ...ratios("h2-upload", REQUEST, "node:http2", { "Node 24": 1 }),
  ...ratios("h2-upload", REQUEST, BUILT_IN, { Deno: 1, Bun: 1 }),
  // `fetch()` costs no more over HTTP/2 than over HTTP/1.1, beside `request()`.
  ...ratios("h2-nginx", FETCH, REQUEST, { "Node 24": 0.85, Deno: 0.85, Bun: 0.85 }).map((goal) => ({
    ...goal,
    against: ["holdfast fetch HTTP/1.1", "holdfast HTTP/1.1"] as const,
  })),
];

const idleOf = (part: Part, kind: string): number | undefined => {
  const bytes = part.idle?.find((row) => row.kind === kind)?.bytesEach;
  return bytes === undefined ? undefined : bytes / 1024;
};

/** Of those that were measured. */
const leastOf = (figures: readonly number[]): number => {
  const measured = figures.filter((figure) => !Number.isNaN(figure));
  return measured.length === 0 ? NaN : Math.min(...measured);
};

/** Memory of an idle connection. */
const IDLE: readonly Goal[] = Object.entries({
  "Node 24": 14,
  Deno: 18,
  Bun: 7,
} satisfies Of<number>).flatMap(([runtime, most]) => {
  const common = { section: "idle", runtime, unit: "KiB" };
  const tlsPeers = (part: Part): number =>
    // Bun's `fetch` opens fewer than all, and has no figure.
    leastOf(["built-in fetch, TLS", "node:http, TLS"].map((kind) => idleOf(part, kind) ?? NaN));
  return [
    ceilingGoal({
      ...common,
      what: "memory of an idle connection",
      goal: `${most} KiB`,
      own: (part) => idleOf(part, "holdfast"),
      limit: () => most,
    }),
    ceilingGoal({
      ...common,
      what: `memory of an idle TLS connection beside ${BEST_PEER}`,
      goal: "1 ×",
      own: (part) => idleOf(part, "holdfast, TLS"),
      limit: tlsPeers,
    }),
  ];
});

/** From import to the end of the first answer. */
const FIRST_ANSWER: readonly Goal[] = Object.entries({
  "Node 24": BUILT_IN,
  Deno: BUILT_IN,
  Bun: "undici",
} satisfies Of<string | undefined>).map(([runtime, beside = ""]) => {
  const msOf = (part: Part, kind: string): number | undefined =>
    part.startup?.find((row) => row.kind === kind)?.ms;
  return ceilingGoal({
    section: "startup",
    runtime,
    what: `first answer after import beside ${beside}`,
    goal: "1 ×",
    unit: "ms",
    own: (part) => msOf(part, "holdfast"),
    limit: (part) => msOf(part, beside),
  });
});

/** A kilobyte is 1,000 bytes. */
const SIZE: readonly Goal[] = Object.entries({
  "createPool and all transports, for plain requests": 48_000,
  "createPool for Node alone, for plain requests": 42_000,
}).map(([name, most]) =>
  ceilingGoal({
    section: "size",
    runtime: "",
    what: `${name}, gzipped`,
    goal: `${most.toLocaleString("en")} bytes`,
    unit: "bytes",
    own: (part) => part.bundles?.find((bundle) => bundle.name === name)?.gzipped,
    limit: () => most,
  }),
);

/** By rate, as the others: the ratios that the bench of Workers has a goal for. */
const WORKERS: readonly Goal[] = (["/pool / /object", "/pool / /fresh"] as const).map((what) => {
  const of = (parts: readonly Part[]): WorkersRatio | undefined =>
    partOf(parts, "workers", "")?.workers?.ratios.find((ratio) => ratio.what === what);
  const least = what === "/pool / /fresh" ? 2 : 1;
  return {
    section: "workers",
    runtime: "",
    what,
    goal: () => `≥ ${least} ×`,
    verdict(parts) {
      const ratio = of(parts);
      if (ratio === undefined) return undefined;
      return { value: times(ratio.byRate), byCpu: times(ratio.byCpu), met: ratio.byRate >= least };
    },
  };
});

/** All goals, in the order in which they are shown. */
export const GOALS: readonly Goal[] = [
  ...[...SMALL, ...BODIES, ...CONNECTIONS].map(ratioGoal),
  ...["open-20", "open-50", "open-80"].flatMap((section) =>
    RUNTIMES.map((runtime) => latencyGoal(section, runtime)),
  ),
  ...FIRST_ANSWER,
  ...IDLE,
  ...SIZE,
  ...[...FRONTS, ...HTTP2].map(ratioGoal),
  ...WORKERS,
];
