/** Prints the table, the reasons of documented disagreements, and the traces of unexplained ones. */

import Table from "cli-table3";
import { type Counts, none, sum } from "../../scripts/test/counts.ts";
import type { Finding, Row } from "./system-comparison.ts";

/** Prints the number of findings for each system. */
export function printTable(title: string, rows: readonly Row[]): void {
  const table = new Table({
    head: [title, "version", "cases", "agreed", "documented", "unexplained"],
    colAligns: ["left", "left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { system, version, findings, skipped } of rows) {
    if (skipped !== undefined) table.push([system, { content: `skipped: ${skipped}`, colSpan: 5 }]);
    else {
      const count = (verdict: Finding["verdict"]): number => of(findings, verdict).length;
      table.push([
        system,
        version,
        findings.length,
        count("agreed"),
        count("documented"),
        count("unexplained"),
      ]);
    }
  }
  console.log(table.toString());
}

/** Prints documented disagreements by reason, then unexplained ones in full. */
export function printDisagreements(rows: readonly Row[]): void {
  for (const { system, remark } of rows)
    if (remark !== undefined) console.log(`\n${system} may close later: ${remark}`);
  const documented = rows.flatMap(({ system, findings }) =>
    of(findings, "documented").map(({ name, reason = "" }) => ({ system, name, reason })),
  );
  for (const reason of new Set(documented.map((finding) => finding.reason))) {
    console.log(`\nDocumented: ${reason}`);
    const same = documented.filter((finding) => finding.reason === reason);
    for (const name of new Set(same.map((finding) => finding.name))) {
      const systems = same.filter((finding) => finding.name === name).map(({ system }) => system);
      console.log(`  ${name} (${systems.join(", ")})`);
    }
  }
  for (const { findings } of rows) {
    for (const { name, detail } of of(findings, "unexplained"))
      console.log(`\n✖ ${name}\n  ${detail.replaceAll("\n", "\n  ")}`);
  }
}

/** Counts the findings for the test report. */
export function countsOf(rows: readonly Row[]): Counts {
  return rows
    .map(({ findings, skipped }) => ({
      passed: findings.length - of(findings, "unexplained").length,
      failed: of(findings, "unexplained").length,
      skipped: skipped === undefined ? 0 : 1,
    }))
    .reduce(sum, none);
}

function of(findings: readonly Finding[], verdict: Finding["verdict"]): Finding[] {
  return findings.filter((finding) => finding.verdict === verdict);
}
