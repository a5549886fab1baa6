/** Cost report: the tables of what was measured besides throughput. */

import { measuredLine } from "./measured-line.ts";
import { find, type Part, partOf } from "./results.ts";
import { table, whole } from "./table.ts";

/** The tables that there are figures for. */
export function costsParts(all: readonly Part[]): string[] {
  const of = (section: string): Part[] => all.filter((part) => part.section === section);
  const shown = [
    sharesPart(all, of("core")),
    corePart(of("core")),
    idlePart(of("idle")),
    startupPart(of("startup")),
    sizePart(of("size")),
  ];
  return shown.filter((part) => part !== "");
}

/** Where the time of a small request goes: the sockets' share, the library's, and what the two cost each other. */
function sharesPart(all: readonly Part[], core: readonly Part[]): string {
  const measured = core.filter(({ runtime }) => partOf(all, "small", runtime) !== undefined);
  const rows = measured.flatMap(({ runtime, library }) =>
    [
      ["holdfast request", library?.requestNanos] as const,
      ["holdfast fetch", library?.fetchNanos] as const,
    ].map(([client, nanos = NaN]) => {
      const total = find(all, "small", runtime, client)?.cpuMicros ?? NaN;
      const raw = find(all, "small", runtime, "raw socket")?.cpuMicros ?? NaN;
      const rest = total - raw - nanos / 1000;
      return [runtime, client, ...[total, raw, nanos / 1000, rest].map((micros) => micros.toFixed(1))];
    }),
  );
  if (rows.length === 0) return "";
  const head = ["runtime", "client", "CPU µs", "raw socket", "the library, without a network", "the rest"];
  return `## Where the time goes, 100-byte answers over 50 connections\n\n${table(head, rows)}\n\nThe rest is what neither has alone: caches that each empties for the other, garbage, and an origin that sleeps more often and is woken by each write.`;
}

function corePart(parts: readonly Part[]): string {
  const [first] = parts;
  if (first === undefined) return "";
  const rows = (first.core ?? []).map(({ origins, idle }) => [
    whole(origins),
    whole(idle),
    ...parts.map(({ core = [] }) => {
      const same = core.find((row) => row.origins === origins && row.idle === idle);
      return whole(same?.pairNanos ?? NaN);
    }),
  ]);
  const head = ["origins", "idle connections", ...parts.map(({ runtime }) => runtime)];
  return `## Acquire and release in the core, ns for both\n\n${table(head, rows)}\n\n${measuredLine(parts)}`;
}

function idlePart(parts: readonly Part[]): string {
  if (parts.length === 0) return "";
  const rows = parts.flatMap(({ runtime, idle = [] }) =>
    idle.map(({ kind, open, bytesEach }) => [runtime, kind, whole(open), kib(bytesEach)]),
  );
  const head = ["runtime", "client", "open", "KiB each"];
  return `## Memory per idle connection\n\n${table(head, rows)}\n\n${measuredLine(parts)}`;
}

function kib(bytes: number): string {
  return Number.isNaN(bytes) ? "–" : (bytes / 1024).toFixed(1);
}

function startupPart(parts: readonly Part[]): string {
  if (parts.length === 0) return "";
  const rows = parts.flatMap(({ runtime, startup = [] }) =>
    startup.map(({ kind, ms }) => [runtime, kind, ms.toFixed(1)]),
  );
  return `## From import to the end of the first answer\n\n${table(["runtime", "client", "ms"], rows)}\n\n${measuredLine(parts)}`;
}

function sizePart(parts: readonly Part[]): string {
  if (parts.length === 0) return "";
  const rows = parts.flatMap(({ bundles = [] }) =>
    bundles.map(({ name, minified, gzipped }) => [
      name,
      `${whole(minified)} bytes`,
      `${whole(gzipped)} bytes`,
    ]),
  );
  return `## Size\n\n${table(["bundle", "minified", "gzipped"], rows)}\n\n${measuredLine(parts)}`;
}
