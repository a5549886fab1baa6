/** Report: formats the figures of a run for people. */

import type { Figures } from "./figures.ts";
import {
  blind,
  type Cases,
  ENOUGH_REQUESTS,
  ENOUGH_SILENT_REQUESTS,
  type Judge,
  type JudgeGroup,
} from "./judges.ts";

const DAY_MS = 86_400_000;

/** The judges of the given worlds that had no case, though the run is long enough. With it they are told. */
export function tellBlind(cases: Cases, requests: number, group: JudgeGroup): readonly Judge[] {
  const isLong =
    requests >= (group === "worlds" || group === "http2" ? ENOUGH_REQUESTS : ENOUGH_SILENT_REQUESTS);
  const missing = isLong ? blind(cases, group) : [];
  for (const judge of missing) console.log(`This judge had nothing to decide: ${judge}`);
  return missing;
}

/** Several lines of text. */
export function report(figures: Figures, seconds: number): string {
  const { worlds, requests, steps, virtualMs, opened, reused, retries } = figures;
  return [
    `${worlds} seeds, ${requests} requests, ${steps} steps, ${(virtualMs / DAY_MS).toFixed(1)} virtual days`,
    `${seconds.toFixed(1)} s, ${Math.round(requests / seconds)} requests/s`,
    `${opened} connections opened, ${reused} reuses, ${retries} retries`,
    `outcomes: ${counts(figures.outcomes)}`,
    `retired: ${counts(figures.retired)}`,
    `injected: ${counts(figures.faults)}`,
    `users and peers: ${counts(figures.happenings)}`,
    `judges had: ${counts(figures.cases)}`,
  ].join("\n");
}

function counts(record: Readonly<Record<string, number>>): string {
  const rows = Object.entries(record).sort(([, one], [, other]) => other - one);
  return rows.map(([name, count]) => `${name} ${count}`).join(", ");
}
