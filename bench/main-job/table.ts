/** Table: the figures, two lines per origin. */

import Table from "cli-table3";
import type { Client, ClientName } from "./clients.ts";
import type { Figures, OriginResult } from "./result.ts";
import { type Counts, ranked } from "./tally.ts";

const COLUMNS = [
  "Origin",
  "Client",
  "Sent",
  "Conns",
  "Reuse",
  "Retries",
  "Failed",
  "Wrong",
  "POST 2×",
  "p50 ms",
  "p99 ms",
  "Retired because",
] as const;

const TITLES: Readonly<Record<ClientName, Client["title"]>> = { holdfast: "Holdfast", builtin: "built-in" };
/** The width of the other columns. The last one takes the rest. */
const OTHERS_WIDTH = 92;
const REASONS_WIDTH = { least: 20, most: 48 } as const;

/** Draws the table for an output of this many columns. */
export function table(origins: readonly OriginResult[], width: number): string {
  const reasons = Math.min(REASONS_WIDTH.most, Math.max(REASONS_WIDTH.least, width - OTHERS_WIDTH));
  const drawn = new Table({
    head: [...COLUMNS],
    colAligns: COLUMNS.map((_, at) => (at > 1 && at < COLUMNS.length - 1 ? "right" : "left")),
    colWidths: COLUMNS.map((_, at) => (at === COLUMNS.length - 1 ? reasons : null)),
    wordWrap: true,
    // No colours and no vertical lines, because the output may go to a file, and width is scarce.
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
    chars: LINES,
  });
  for (const { name, clients } of origins) {
    for (const client of ["holdfast", "builtin"] as const) {
      const figures = clients[client];
      if (figures !== undefined) drawn.push([client === "holdfast" ? name : "", ...row(client, figures)]);
    }
  }
  return drawn.toString();
}

const LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ",
};

/** The cells of one line, after the origin's name. */
export function row(client: ClientName, figures: Figures): string[] {
  return [
    TITLES[client],
    String(figures.requests),
    known(figures.connections),
    figures.reusePercent === undefined ? UNKNOWN : `${figures.reusePercent.toFixed(1)}%`,
    known(figures.pool?.retries),
    String(figures.failures),
    String(figures.wrongAnswers),
    figures.duplicatedPosts === undefined ? NONE : String(figures.duplicatedPosts),
    milliseconds(figures.p50),
    milliseconds(figures.p99),
    figures.pool === undefined ? "" : reasonsText(figures.pool.retired),
  ];
}

/** Shown for an unknown figure. */
const UNKNOWN = "?";
/** Shown where there is nothing to count. */
const NONE = "-";

function known(value: number | undefined): string {
  return value === undefined ? UNKNOWN : String(value);
}

function milliseconds(value: number): string {
  return Number.isNaN(value) ? NONE : value.toFixed(1);
}

function reasonsText(retired: Counts): string {
  return ranked(retired)
    .map(([reason, times]) => `${reason} ${times}`)
    .join(", ");
}
