/** Balance chart: draws docs/balance.svg from `balance()` of the testing kit. With `--check` it only says whether it is up to date. */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type BalancePolicy, type BalanceSample, balance } from "../src/testing/balance.ts";

const FILE = new URL("../docs/balance.svg", import.meta.url);

const WORLD = { clients: 10_000, replicas: 500, scaleTo: 1000, requestEvery: "10s", until: "3h" } as const;

/** One line of the chart. Its dashes tell it apart without colour. */
interface Line {
  readonly name: string;
  readonly policy: BalancePolicy;
  readonly colour: string;
  readonly dash: string;
}

const LINES: readonly Line[] = [
  { name: "no limit", policy: { idleTimeout: Infinity, maxLifetime: Infinity }, colour: "#cf222e", dash: "" },
  {
    name: "maxLifetime 30m, no jitter",
    policy: { idleTimeout: Infinity, maxLifetime: "30m", lifetimeJitter: 0 },
    colour: "#9a6700",
    dash: "2 3",
  },
  {
    name: "maxLifetime 30m, jitter 0.3",
    policy: { idleTimeout: Infinity, maxLifetime: "30m", lifetimeJitter: 0.3 },
    colour: "#0969da",
    dash: "8 3",
  },
  {
    name: "maxRequests 100",
    policy: { idleTimeout: Infinity, maxLifetime: Infinity, maxRequests: 100 },
    colour: "#1a7f37",
    dash: "8 3 2 3",
  },
];

const [WIDTH, PANEL, LEFT, TOP] = [760, 200, 60, 30];

/** Both panels as SVG. */
export function balanceChart(): string {
  const drawn = LINES.map((line) => ({ ...line, samples: balance(line.policy, WORLD) }));
  const share = panel(TOP, "share of connections on the new servers", 0.6, drawn, ({ onNew }) => onNew);
  const waves = panel(
    TOP + PANEL + 60,
    "connections opened in a minute",
    WORLD.clients,
    drawn,
    ({ opened }) => opened,
  );
  const height = TOP + 2 * PANEL + 60 + 40 + LINES.length * 18;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="How load follows when 500 servers become 1000" font-family="system-ui, sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${share}${waves}${legend(TOP + 2 * PANEL + 60 + 44)}</svg>
`;
}

interface Drawn extends Line {
  readonly samples: readonly BalanceSample[];
}

function panel(
  top: number,
  title: string,
  most: number,
  lines: readonly Drawn[],
  value: (sample: BalanceSample) => number,
): string {
  const x = (atMs: number) => LEFT + ((WIDTH - LEFT - 20) * atMs) / 10_800_000;
  const y = (of: number) => top + PANEL * (1 - of / most);
  const marks = [0, 0.5, 1].map((part) =>
    mark(y(part * most), most > 1 ? `${part * most}` : `${Math.round(100 * part * most)} %`),
  );
  const hours = [0, 1, 2, 3].map(
    (hour) =>
      `<text x="${x(hour * 3_600_000)}" y="${top + PANEL + 16}" text-anchor="middle" fill="#57606a">${hour} h</text>\n`,
  );
  const paths = lines.map(({ samples, colour, dash }) => {
    const points = samples
      .map((sample) => `${x(sample.atMs).toFixed(1)},${y(value(sample)).toFixed(1)}`)
      .join(" ");
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}"/>\n`;
  });
  const heading = `<text x="${LEFT}" y="${top - 10}" fill="#1b1f24" font-weight="600">${title}</text>\n`;
  return heading + marks.join("") + hours.join("") + paths.join("");
}

function mark(y: number, text: string): string {
  const line = `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y}" y2="${y}" stroke="#d0d7de"/>\n`;
  return `${line}<text x="${LEFT - 6}" y="${y + 4}" text-anchor="end" fill="#57606a">${text}</text>\n`;
}

function legend(top: number): string {
  const rows = LINES.map(({ name, colour, dash }, at) => {
    const y = top + at * 18;
    const line = `<line x1="${LEFT}" x2="${LEFT + 40}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}"/>`;
    return `${line}<text x="${LEFT + 50}" y="${y}" fill="#1b1f24">${name}</text>\n`;
  });
  return rows.join("");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const chart = balanceChart();
  if (!process.argv.includes("--check")) writeFileSync(FILE, chart);
  else if (readFileSync(FILE, "utf8") !== chart)
    throw new Error("docs/balance.svg is not current: node --import tsx scripts/balance-chart.ts");
}
