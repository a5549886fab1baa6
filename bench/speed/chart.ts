/** Chart: requests per second of the main scenario, as an SVG for the README. Its source is readable as text. */

import { find, type Part } from "./results.ts";

const SHOWN = [
  "holdfast request",
  "holdfast fetch",
  "built-in fetch",
  "undici dispatch",
  "undici request",
  "node:http",
];
const RUNTIMES = ["Node 24", "Deno", "Bun"];
const [WIDTH, LEFT, RIGHT, BAR, GAP, TOP] = [760, 150, 90, 18, 5, 56];

interface Bar {
  readonly kind: string;
  readonly perSecond: number;
}

/** The chart, or `undefined` if the main scenario was not measured. */
export function chartOf(parts: readonly Part[]): string | undefined {
  const groups = RUNTIMES.map((runtime) => ({ runtime, bars: barsOf(parts, runtime) })).filter(
    ({ bars }) => bars.length > 0,
  );
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ perSecond }) => perSecond)));
  if (!Number.isFinite(most)) return undefined;
  let y = TOP;
  const drawn = groups.map(({ runtime, bars }) => {
    const start = y;
    y += 26 + bars.length * (BAR + GAP) + 14;
    return group(runtime, bars, start, most);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${label(groups)}">
<style>
text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}.n{font-variant-numeric:tabular-nums}
.own{fill:#1a7f5a}.peer{fill:#9aa4af}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.own{fill:#3fb98a}.peer{fill:#5b6673}}
</style>
<text class="h" x="0" y="18">Requests per second, 50 connections, 100-byte answers</text>
<text x="0" y="38">One core for the client, longer is better. Medians; bench/results.md has the rest.</text>
${drawn.join("\n")}
</svg>
`;
}

function barsOf(parts: readonly Part[], runtime: string): Bar[] {
  return SHOWN.flatMap((kind) => {
    const summary = find(parts, "small", runtime, kind);
    return summary === undefined ? [] : [{ kind, perSecond: summary.perSecond }];
  });
}

function group(runtime: string, bars: readonly Bar[], start: number, most: number): string {
  const lines = bars.map(({ kind, perSecond }, at) => {
    const y = start + 26 + at * (BAR + GAP);
    const width = Math.max(1, Math.round((perSecond / most) * (WIDTH - LEFT - RIGHT)));
    const style = kind.startsWith("holdfast") ? "own" : "peer";
    return [
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${kind}</text>`,
      `<rect class="${style}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`,
      `<text class="n" x="${LEFT + width + 6}" y="${y + 14}">${Math.round(perSecond).toLocaleString("en")}</text>`,
    ].join("");
  });
  return [`<text class="h" x="0" y="${start + 16}">${runtime}</text>`, ...lines].join("\n");
}

function label(groups: readonly { readonly runtime: string; readonly bars: readonly Bar[] }[]): string {
  return groups
    .map(({ runtime, bars }) => {
      const values = bars.map(({ kind, perSecond }) => `${kind} ${Math.round(perSecond)}`);
      return `${runtime}: ${values.join(", ")}`;
    })
    .join(". ");
}
