/** Round: one measurement of one client, with the work of the origin for it. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "../../scripts/entries.ts";
import type { Launch, Measured } from "./launch.ts";
import { pinned, type Runtime } from "./runtimes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Origin } from "./start-origin.ts";

const run = promisify(execFile);
const CLIENT = fileURLToPath(new URL("client.ts", import.meta.url));
const CA = join(root, "tests", "certs", "ca.pem");
const ca = readFileSync(CA, "utf8");

/** Our own HTTP/1.1, as rows of the scenarios for HTTP/2, and the clients that these are. */
const HTTP1_KINDS: Readonly<Record<string, string>> = {
  "holdfast HTTP/1.1": "holdfast request",
  "holdfast fetch HTTP/1.1": "holdfast fetch",
};
const HTTP1_CONNECTIONS = 50;

/** How long a client warms up, and how long it is measured. */
export interface Lengths {
  readonly warmMs: number;
  readonly runMs: number;
}

/** The result of one round. */
export interface Round extends Measured {
  /** The share of its CPU core that the client used while it was measured. */
  readonly clientBusy: number;
  /** The share of its CPU core that the origin needed at that rate. */
  readonly originBusy: number;
  /** The share of answers whose connection resumed a TLS session. */
  readonly resumed: number;
}

/** Runs one client in a process of its own. @throws if a response was wrong or missing. */
export async function measure(
  runtime: Runtime,
  kind: string,
  scenario: Scenario,
  origin: Origin,
  lengths: Lengths,
): Promise<Round> {
  const {
    path,
    connections,
    read,
    expected,
    upload,
    tls,
    server,
    body = "stream",
    fresh,
    origins,
  } = scenario;
  const onHttp1 = HTTP1_KINDS[kind];
  const launch: Launch = {
    kind: onHttp1 ?? kind,
    url: origin.url + path,
    connections: onHttp1 === undefined ? connections : HTTP1_CONNECTIONS,
    http2: server !== undefined && onHttp1 === undefined,
    read,
    expected,
    upload,
    body,
    ...(fresh === true ? { fresh } : {}),
    ...(origins === undefined ? {} : { urls: origin.urls.map((url) => url + path) }),
    ...(scenario.arrivals === undefined ? {} : { arrivals: scenario.arrivals }),
    ca: tls ? ca : undefined,
    ...lengths,
  };
  const before = await origin.usage();
  const [program, ...args] = pinned(0, [...runtime.command, CLIENT, JSON.stringify(launch)]);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: CA, DENO_CERT: CA, NODE_NO_WARNINGS: "1" };
  const { stdout } = await run(program, args, { timeout: 120_000, env });
  const after = await origin.usage();
  const measured = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
  const counted = after.requests - before.requests;
  // nghttpd does not count.
  const served = Number.isNaN(counted) ? measured.answers : counted;
  if (served !== measured.answers) {
    throw new Error(`It says it got ${measured.answers} answers, the origin gave ${served}`);
  }
  const originMicros = (after.cpuMicros - before.cpuMicros) / served;
  const perMicro = measured.perSecond / 1e6;
  const clientBusy = measured.cpuMicros * perMicro;
  const resumed = (after.resumed - before.resumed) / served;
  return { ...measured, clientBusy, originBusy: originMicros * perMicro, resumed };
}
