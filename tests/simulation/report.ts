/** Report: formats the figures of a run for people. */

import type { Figures } from "./figures.ts";

const DAY_MS = 86_400_000;

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
  ].join("\n");
}

function counts(record: Readonly<Record<string, number>>): string {
  const rows = Object.entries(record).sort(([, one], [, other]) => other - one);
  return rows.map(([name, count]) => `${name} ${count}`).join(", ");
}
