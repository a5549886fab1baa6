/**
 * Diagram: writes the life of a connection into ARCHITECTURE.md, from the table that the code runs on. With `--check` it
 * only says whether the document is up to date.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type State, type Step, TRANSITIONS } from "../src/pool/core/state.ts";

const FILE = new URL("../ARCHITECTURE.md", import.meta.url);
const SECTION = /(<!-- diagram:[^>]*-->\n)[\s\S]*?(<!-- \/diagram -->)/;
const STEPS: readonly Step[] = ["connected", "leased", "released", "retired", "lost"];

/** The table as Mermaid and as Markdown. */
export function diagram(): string {
  const states = Object.keys(TRANSITIONS) as State[];
  const arrows = states.flatMap((state) =>
    STEPS.flatMap((step) => {
      const next = TRANSITIONS[state][step];
      return next === undefined ? [] : [`    ${state} --> ${next}: ${step}`];
    }),
  );
  const rows = states.map(
    (state) => `| ${state} | ${STEPS.map((step) => TRANSITIONS[state][step] ?? "–").join(" | ")} |`,
  );
  return [
    "```mermaid",
    "stateDiagram-v2",
    "    [*] --> connecting",
    ...arrows,
    "    closed --> [*]",
    "```",
    "",
    `| state ↓ step → | ${STEPS.join(" | ")} |`,
    `|---|${STEPS.map(() => "---").join("|")}|`,
    ...rows,
    "",
  ].join("\n");
}

/** ARCHITECTURE.md with the diagram of today. */
export function withDiagram(document: string): string {
  return document.replace(SECTION, (_, start: string, end: string) => `${start}${diagram()}${end}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const now = readFileSync(FILE, "utf8");
  const wanted = withDiagram(now);
  if (process.argv.includes("--check")) process.exit(now === wanted ? 0 : 1);
  writeFileSync(FILE, wanted);
}
