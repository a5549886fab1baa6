/** Compact: the lab's figures as a table of Markdown, a row per case and a column per client, as docs/silence.md has it. */

import type { Figures } from "./run.ts";

/** One client in one case. */
export interface Outcome {
  readonly test: string;
  readonly client: string;
  readonly figures: Figures | string | undefined;
}

/** The slowest request in seconds, and how long after the end of an outage; then, where there are any: failed, sent twice, and POSTs executed twice. */
function cell(figures: Figures | string | undefined): string {
  if (figures === undefined) return "";
  if (typeof figures === "string") return "not run";
  const { worstMs, recoveredMs, failed, extra, origin } = figures;
  const after = recoveredMs === undefined ? "" : ` (${(recoveredMs / 1000).toFixed(1)} after)`;
  return [
    (worstMs / 1000).toFixed(worstMs < 10_000 ? 2 : 1) + after,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(extra > 0 ? [`${extra} extra`] : []),
    ...(origin.postsTwice > 0 ? [`${origin.postsTwice} POSTs twice`] : []),
  ].join(", ");
}

/** Cases and clients are in the order in which they come. */
export function markdownOf(outcomes: readonly Outcome[]): string {
  const clients = [...new Set(outcomes.map(({ client }) => client))];
  const cases = [...new Set(outcomes.map(({ test }) => test))];
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const found = (test: string, client: string) =>
    outcomes.find((outcome) => outcome.test === test && outcome.client === client)?.figures;
  return [
    row(["case", ...clients]),
    row(["case", ...clients].map(() => "---")),
    ...cases.map((test) => row([test, ...clients.map((client) => cell(found(test, client)))])),
  ].join("\n");
}
