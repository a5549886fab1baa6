/** Goals: the speed ratios that Holdfast wants to keep, and whether it does. */

import { find, type Series, type Summary } from "./summary.ts";

/** One goal: one of our clients compared with another, in requests per second. */
interface Goal {
  readonly runtime: string;
  readonly client: string;
  readonly beside: string;
  readonly atLeast: number;
  /** The scenario. @default "small" */
  readonly scenario?: string;
  /** The ratio by CPU time that is wanted as well. */
  readonly atLeastByCpu?: number;
  /** The ratio is divided by that of these two. It counts by CPU time: the origin may bound any of the four by rate. */
  readonly against?: readonly [client: string, beside: string];
}

/** Those of HTTP/2, with 100 streams on one connection. */
const HTTP2_GOALS: readonly Goal[] = [
  { runtime: "Node 24", scenario: "h2-nginx", beside: "node:http2", atLeast: 2 },
  { runtime: "Deno", scenario: "h2-nginx", beside: "node:http2", atLeast: 2 },
  { runtime: "Bun", scenario: "h2-nginx", beside: "node:http2", atLeast: 1.6 },
  { runtime: "Node 24", scenario: "h2-nghttpd", beside: "node:http2", atLeast: 3 },
  { runtime: "Deno", scenario: "h2-nghttpd", beside: "node:http2", atLeast: 5 },
  { runtime: "Bun", scenario: "h2-nghttpd", beside: "node:http2", atLeast: 6 },
  { runtime: "Node 24", scenario: "h2-nginx", beside: "undici request", atLeast: 3 },
  { runtime: "Deno", scenario: "h2-nginx", beside: "built-in fetch", atLeast: 2.5 },
  { runtime: "Bun", scenario: "h2-nginx", beside: "built-in fetch", atLeast: 1.7 },
  ...["Node 24", "Deno", "Bun"].map((runtime) => ({
    runtime,
    scenario: "h2-nginx",
    beside: "holdfast HTTP/1.1",
    atLeast: 1,
    atLeastByCpu: 1 / 0.9,
  })),
  { runtime: "Node 24", scenario: "h2-medium", beside: "node:http2", atLeast: 1.8 },
  { runtime: "Deno", scenario: "h2-medium", beside: "node:http2", atLeast: 2 },
  { runtime: "Bun", scenario: "h2-medium", beside: "node:http2", atLeast: 1.1 },
  { runtime: "Node 24", scenario: "h2-large", beside: "node:http2", atLeast: 1 },
  { runtime: "Deno", scenario: "h2-large", beside: "built-in fetch", atLeast: 1 },
  { runtime: "Bun", scenario: "h2-large", beside: "built-in fetch", atLeast: 1 },
  { runtime: "Node 24", scenario: "h2-upload", beside: "node:http2", atLeast: 1 },
  { runtime: "Deno", scenario: "h2-upload", beside: "built-in fetch", atLeast: 1 },
  { runtime: "Bun", scenario: "h2-upload", beside: "built-in fetch", atLeast: 1 },
].map((goal) => ({ client: "holdfast request", ...goal }));

/** `fetch()` costs no more over HTTP/2 than over HTTP/1.1, beside `request()`. */
const FETCH_GOALS: readonly Goal[] = ["Node 24", "Deno", "Bun"].map((runtime) => ({
  runtime,
  scenario: "h2-nginx",
  client: "holdfast fetch",
  beside: "holdfast request",
  against: ["holdfast fetch HTTP/1.1", "holdfast HTTP/1.1"],
  atLeast: 0.85,
}));

/** Of those that take part, by rate. A raw socket is none. */
const BEST_PEER = "the best peer";

/** What has more than one strong peer. */
const BEST_PEER_GOALS: readonly Goal[] = ["Node 24", "Deno", "Bun"]
  .flatMap((runtime) => [
    ...["upload-bytes", "upload-blob", "upload-form"].map((scenario) => ({
      runtime,
      scenario,
      atLeast: 1.1,
    })),
    { runtime, scenario: "origins", atLeast: 1.5 },
    // Deno shows its rate without a goal: its sockets resume no session.
    ...(runtime === "Deno" ? [] : [{ runtime, scenario: "tls-new", atLeast: 1 }]),
  ])
  .map((goal) => ({ client: "holdfast request", beside: BEST_PEER, ...goal }));

const GOALS: readonly Goal[] = [
  { runtime: "Node 24", client: "holdfast fetch", beside: "built-in fetch", atLeast: 6 },
  { runtime: "Node 24", client: "holdfast request", beside: "undici dispatch", atLeast: 1.5 },
  { runtime: "Node 24", client: "holdfast request", beside: "undici request", atLeast: 2 },
  { runtime: "Node 24", client: "holdfast request", beside: "raw socket", atLeast: 0.8 },
  ...[
    ["holdfast under undici request", "undici request", 1.2],
    ["holdfast under undici dispatch", "undici dispatch", 1.2],
    ["holdfast under undici fetch", "undici fetch", 1],
    ["holdfast under fetch", "built-in fetch", 1],
  ].map(([client, beside, atLeast]) => ({
    runtime: "Node 24",
    scenario: "dispatcher",
    client: client as string,
    beside: beside as string,
    atLeast: atLeast as number,
  })),
  ...["node:http", "agentkeepalive"].map((beside) => ({
    runtime: "Node 24",
    scenario: "agent",
    client: "holdfast under node:http",
    beside,
    atLeast: 1,
  })),
  { runtime: "Deno", client: "holdfast fetch", beside: "built-in fetch", atLeast: 1.9 },
  { runtime: "Deno", client: "holdfast request", beside: "built-in fetch", atLeast: 3 },
  { runtime: "Deno", client: "holdfast request", beside: "raw socket", atLeast: 0.72 },
  { runtime: "Bun", client: "holdfast fetch", beside: "built-in fetch", atLeast: 1.35 },
  { runtime: "Bun", client: "holdfast request", beside: "built-in fetch", atLeast: 1.8 },
  { runtime: "Bun", client: "holdfast request", beside: "raw socket", atLeast: 0.66 },
  ...BEST_PEER_GOALS,
  ...HTTP2_GOALS,
  ...FETCH_GOALS,
];

/** A goal with the measured ratio. */
export interface GoalResult extends Goal {
  readonly byRate: number;
  /** The ratio by CPU time, which a busy machine disturbs less. */
  readonly byCpu: number;
  readonly met: boolean;
}

/** The goals that could be measured. */
export function goalResults(series: readonly Series[]): GoalResult[] {
  return GOALS.flatMap((goal) => {
    const { runtime, scenario = "small", client, beside, against, atLeast, atLeastByCpu = 0 } = goal;
    const own = ratioOf(series, scenario, runtime, client, beside);
    const other = against === undefined ? ONE : ratioOf(series, scenario, runtime, ...against);
    if (own === undefined || other === undefined) return [];
    const byRate = own.byRate / other.byRate;
    const byCpu = own.byCpu / other.byCpu;
    const met = against === undefined ? byRate >= atLeast && byCpu >= atLeastByCpu : byCpu >= atLeast;
    return [{ ...goal, byRate, byCpu, met }];
  });
}

function bestPeer(series: readonly Series[], scenario: string, runtime: string): Summary | undefined {
  const peers = series.filter(({ kind }) => !/^(holdfast|raw) /.test(kind));
  const summaries = peers.flatMap(({ kind }) => find(series, scenario, runtime, kind) ?? []);
  return summaries.sort((one, other) => other.perSecond - one.perSecond)[0];
}

type Ratio = Pick<GoalResult, "byRate" | "byCpu">;
const ONE: Ratio = { byRate: 1, byCpu: 1 };

function ratioOf(
  series: readonly Series[],
  scenario: string,
  runtime: string,
  client: string,
  beside: string,
): Ratio | undefined {
  const own = find(series, scenario, runtime, client);
  const other =
    beside === BEST_PEER ? bestPeer(series, scenario, runtime) : find(series, scenario, runtime, beside);
  if (own === undefined || other === undefined) return undefined;
  return { byRate: own.perSecond / other.perSecond, byCpu: other.cpuMicros / own.cpuMicros };
}
