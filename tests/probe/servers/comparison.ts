/** Comparison: what a probe found beside what is known: idle within 5 % or 0.5 s, requests exact, lifetime within 10 %. */

import { readFileSync } from "node:fs";
import { openRelay } from "../../../src/cli/tls-relay.ts";
import type { Finding } from "../../../src/probe/findings.ts";
import { probe } from "../../../src/probe/probe.ts";
import type { ServerProbeOptions } from "../../../src/probe/probe-options.ts";
import type { ConnectionLimits, ProbeReport } from "../../../src/probe/probe-report.ts";
import { detectTransport } from "../../../transports/detect.ts";
import { certificate, type KnownLimits, type KnownPort } from "./known-server.ts";

/** One limit, as it is known and as it was found. */
export interface Compared {
  readonly limit: string;
  readonly known: number | null;
  readonly found: Finding;
  readonly isRight: boolean;
}

/** Probes a port. */
export async function probePort(
  { url, options }: KnownPort,
  bounds: ServerProbeOptions,
): Promise<ProbeReport> {
  const transport = await detectTransport();
  const ca = [readFileSync(certificate.ca, "utf8")];
  return await probe(url, { ...bounds, ...options }, { transport, ca, relay: openRelay });
}

/** Holds a report against what is known. `slackMs` is added to all tolerances of time, for a busy machine. */
export function compare(report: ProbeReport, known: KnownPort, slackMs = 0): Compared[] {
  const { http2 } = known;
  const overHttp2 =
    http2 === undefined || report.http2 === undefined
      ? []
      : compareLimits(report.http2, http2, "HTTP/2 ", slackMs);
  return [...compareLimits(report, known, "", slackMs), ...overHttp2, ...comparedEnding(report, known)];
}

function compareLimits(
  { idle, unused, requests, lifetime }: ConnectionLimits,
  known: KnownLimits,
  over: string,
  slackMs: number,
): Compared[] {
  const tolerance = (part: number, least: number) => (ms: number) => Math.max(least, ms * part) + slackMs;
  return [
    ...compared(`${over}idle`, known.idleMs, idle, tolerance(0.05, 500), known),
    ...compared(`${over}unused`, known.unusedMs, unused, tolerance(0.05, 500), known),
    ...compared(`${over}requests`, known.requests, requests, () => 0),
    ...compared(`${over}lifetime`, known.lifetimeMs, lifetime, tolerance(0.1, 0)),
  ];
}

function compared(
  limit: string,
  known: number | null | undefined,
  found: Finding,
  tolerance: (known: number) => number,
  { lateMs = 0, earlyMs = 0 }: KnownLimits = {},
): Compared[] {
  if (known === undefined) return [];
  if (known === null) return [{ limit, known, found, isRight: found.value === undefined }];
  const difference = (found.value ?? Infinity) - known;
  const isRight = difference >= -tolerance(known) - earlyMs && difference <= tolerance(known) + lateMs;
  return [{ limit, known, found, isRight }];
}

function comparedEnding({ tls }: ProbeReport, { closeNotify }: KnownPort): Compared[] {
  if (closeNotify === undefined || tls === undefined) return [];
  const { closeNotify: said, bareFin } = tls.endings;
  const found: Finding = {
    value: said,
    atLeast: bareFin,
    between: undefined,
    seen: said + bareFin,
    how: "closed",
  };
  return [
    {
      limit: "close_notify",
      known: null,
      found,
      isRight: closeNotify ? said > 0 && bareFin === 0 : said === 0,
    },
  ];
}
