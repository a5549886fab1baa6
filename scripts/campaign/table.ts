/** Table: the results of a campaign, a row for each part. */

import Table from "cli-table3";

export interface Row {
  readonly name: string;
  /** How much was done, in words. */
  readonly work: string;
  readonly failures: number;
  readonly seconds: number;
  /** Commands that show the failures again. */
  readonly replay: readonly string[];
}

/** How many failures of one part are shown. */
const MOST_SHOWN = 5;

export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ["part", "work", "failures", "time", "again"],
    colAligns: ["left", "left", "right", "right", "left"],
    style: { head: [], border: [] },
  });
  for (const { name, work, failures, seconds, replay } of rows)
    table.push([name, work, failures, `${seconds.toFixed(0)} s`, again(replay)]);
  return table.toString();
}

function again(replay: readonly string[]): string {
  if (replay.length === 0) return "–";
  const rest = replay.length - MOST_SHOWN;
  return [...replay.slice(0, MOST_SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}
