/** Table: the figures of gateways as Markdown. */

import { CONNECTIONS, type GatewayFigures } from "./measure.ts";

/** A section of the report. */
export function gatewayPart(runtime: string, figures: readonly GatewayFigures[]): string {
  const [own] = figures;
  const rows = figures.map(({ kind, rate, cpuMicros }) => {
    const beside = own === undefined ? NaN : cpuMicros / own.cpuMicros;
    return `| ${kind} | ${Math.round(rate).toLocaleString("en")} | ${cpuMicros.toFixed(1)} | ${beside.toFixed(2)} × |`;
  });
  return [
    `## Gateways on ${runtime}`,
    "",
    `100-byte answers, ${CONNECTIONS} connections. CPU time is that of the gateway's process per request.`,
    "",
    "| gateway | requests/s | CPU µs | beside forward() |",
    "| --- | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}
