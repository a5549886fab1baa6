/** Table: the figures of one runtime's clients, side by side. */

import Table from "cli-table3";
import { CLIENT_TITLES, type ClientName } from "./clients.ts";
import type { Figures } from "./judge.ts";

const COLUMNS: readonly (readonly [title: string, value: (figures: Figures) => string | number])[] = [
  ["requests", ({ requests }) => requests],
  [
    "failed\nidempotent",
    ({ failedIdempotent, beyond }) => (beyond === 0 ? failedIdempotent : `${failedIdempotent}+${beyond}`),
  ],
  ["duplicated\nPOSTs", ({ duplicatedPosts }) => duplicatedPosts],
  ["wrong\nanswers", ({ wrongAnswers }) => wrongAnswers],
  ["leaked\nsockets", ({ leaked, closes }) => (closes ? leaked : `(${leaked})`)],
  ["never\nsettled", ({ hung }) => hung],
  ["failed\nPOSTs", ({ failedPosts }) => failedPosts],
  [
    "faults nobody\ncan prevent",
    ({ excused, crossed }) => (crossed === 0 ? excused : `${excused}+${crossed}`),
  ],
  ["connections", ({ connections }) => connections],
  ["requests/s", ({ requests, elapsedMs }) => Math.round((requests * 1000) / elapsedMs)],
];

export function tableOf(results: ReadonlyMap<ClientName, Figures>): string {
  const table = new Table({
    head: ["", ...COLUMNS.map(([title]) => title)],
    colAligns: ["left", ...COLUMNS.map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  for (const [client, figures] of results) {
    table.push([CLIENT_TITLES[client], ...COLUMNS.map(([, value]) => value(figures))]);
  }
  return table.toString();
}

export const NOTES = `failed idempotent: GET, PUT or DELETE whose connection, used before, ended without a byte of a response (+ through an agent: with more than 64 KiB, which it does not keep).
failed POSTs: must not be sent again, because they may have been executed.
faults nobody can prevent: no answer on a fresh connection, a response cut in the middle (+ a response that crossed the request).
leaked sockets in brackets: the client has no way to close its connections.`;

/** Failures by code, the most frequent first. */
export function errorLines(results: ReadonlyMap<ClientName, Figures>): string[] {
  return [...results].flatMap(([client, { errors, samples }]) => {
    const ranked = Object.entries(errors).sort(([, one], [, other]) => other - one);
    const list = ranked.slice(0, 6).map(([code, times]) => `${code} ×${times}`);
    return [
      ...(list.length === 0 ? [] : [`${CLIENT_TITLES[client]}: ${list.join(", ")}`]),
      ...samples.map((sample) => `  wrong: ${sample}`),
    ];
  });
}
