/** Report: the result, for people and for programs. */

import { observations } from "./observation.ts";
import type { JobResult, OriginResult } from "./result.ts";
import { table } from "./table.ts";
import { holdfastIsFine, originVerdict, overallVerdict } from "./verdict.ts";

export interface Reporting {
  /** The number of columns of the output. */
  readonly width: number;
  /** For the user's own servers: the longest time they were left idle. */
  readonly longestPauseMs: number | undefined;
}

export function textReport(result: JobResult, { width, longestPauseMs }: Reporting): string {
  const verdicts = result.origins.flatMap((origin) => {
    return wrapped(`${origin.name}: ${verdictLine(origin, longestPauseMs)}`, width);
  });
  return [
    ...(result.interrupted ? ["Interrupted. So far:"] : []),
    "",
    table(result.origins, width),
    "",
    ...verdicts,
    "",
    ...result.notes,
    ...wrapped(`Verdict: ${overallVerdict(result)}`, width, ""),
  ].join("\n");
}

function verdictLine(origin: OriginResult, longestPauseMs: number | undefined): string {
  const { holdfast } = origin.clients;
  if (longestPauseMs === undefined || holdfast === undefined) return originVerdict(origin);
  return [...observations(holdfast, longestPauseMs), originVerdict(origin)].join(" ");
}

/** Breaks a text into lines of at most `width` columns. All but the first are indented. */
export function wrapped(text: string, width: number, indent = "  "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export function jsonReport(result: JobResult): string {
  const verdict = overallVerdict(result);
  return JSON.stringify({ ...result, ok: holdfastIsFine(result), verdict }, null, 2);
}
