/** Judge: compares the traces of the runtimes with that of the scenario. */

import type { Outcome } from "./perform.ts";
import type { Scenario } from "./scenario.ts";
import { parseTrace } from "./trace.ts";

export type Verdict = "passed" | "failed" | "skipped";

export function verdictOn(scenario: Scenario, outcome: Outcome | undefined): Verdict {
  if (outcome?.skipped !== undefined) return "skipped";
  if (outcome === undefined || outcome.error !== undefined) return "failed";
  return parseTrace(scenario.trace).join("\n") === outcome.trace.join("\n") ? "passed" : "failed";
}

/** The trace of a scenario beside those of the runtimes. Runtimes with equal traces share a column. */
export function compare(
  scenario: Scenario,
  outcomes: ReadonlyMap<string, Outcome | undefined>,
  each = false,
): string {
  const columns = new Map<string, string[]>();
  for (const [runtime, outcome] of outcomes) {
    if (outcome?.skipped !== undefined) continue;
    const text = outcome === undefined ? "(no result)" : outcome.trace.join("\n");
    const key = each ? `${text}\0${runtime}` : text;
    columns.set(key, [...(columns.get(key) ?? []), runtime]);
  }
  const titles = ["expected", ...[...columns.values()].map((runtimes) => runtimes.join(", "))];
  const traces = [...columns.keys()].map((key) => (key.split("\0")[0] ?? "").split("\n"));
  const errors = [...outcomes].flatMap(([runtime, outcome]) =>
    outcome?.error === undefined ? [] : [`  ${runtime}: ${outcome.error.replaceAll("\n", "\n  ")}`],
  );
  return [...errors, beside(titles, [parseTrace(scenario.trace), ...traces])].join("\n");
}

/** Formats columns of lines, and marks rows whose cells differ. */
function beside(titles: readonly string[], columns: readonly (readonly string[])[]): string {
  const widths = columns.map((lines, at) =>
    Math.max(titles[at]?.length ?? 0, ...lines.map((line) => line.length)),
  );
  const height = Math.max(...columns.map((lines) => lines.length));
  const row = (cells: readonly string[], mark: string): string =>
    `  ${mark} ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  |  ")}`.trimEnd();
  const rows = Array.from({ length: height }, (_, at) => {
    const cells = columns.map((lines) => lines[at] ?? "");
    return row(cells, new Set(cells).size > 1 ? "≠" : " ");
  });
  return [row(titles, " "), ...rows].join("\n");
}
