/** Probe command: `holdfast probe URL`: its arguments, its exit code, and what it prints while it waits. */

import type { Clock } from "../contract/clock.ts";
import { type Duration, formatMs } from "../contract/duration.ts";
import { excerpt } from "../contract/excerpt.ts";
import type { Transport } from "../contract/transport.ts";
import { probe } from "../probe/probe.ts";
import { ProbeError } from "../probe/probe-error.ts";
import type { ProbeProgress, ServerProbeOptions } from "../probe/probe-options.ts";
import type { ProbeReport } from "../probe/probe-report.ts";
import type { RelayOpener } from "../probe/tls-ending.ts";
import { parsed } from "./command-line.ts";
import { broken, filePromise, presetPromise, type ServerPromise, untested } from "./probe-promise.ts";
import { advisedOptions, advisedRules, races, resemblance, truthOf } from "./probe-reading.ts";
import { probeText } from "./probe-text.ts";
import { UsageError } from "./usage-error.ts";

/** How to use it. */
export const PROBE_USAGE = `Usage: holdfast probe <URL> [options]

Measures how a server keeps its connections over HTTP/1.1 and HTTP/2: idle limits, requests on a connection, lifetime, and
whether it does what it says. It sends HEAD or GET requests only, and takes about as long as --max-idle.

  --max-idle <time>       how long to watch an idle connection (default 5m)
  --requests <number>     the most requests on one connection (default 200)
  --connections <number>  the most connections at a time (default 20)
  --method <HEAD|GET>     the method (default HEAD, and GET where HEAD is refused)
  --http2 <how>           alpn (default: where the server chooses it), prior-knowledge (also without TLS) or off
  --ca <file>             root certificates to trust instead of the runtime's own, as PEM
  --against <promise>     a server preset, a load balancer, or a JSON file with idleTimeout, maxRequests and maxLifetime
  --json                  print the report as JSON
  --yes                   allow more than the defaults, and link-local addresses

Ctrl-C ends it and prints what is known so far.

Exit codes: 0 measured (and every promise kept), 1 a promise is broken, 2 wrong usage, 3 nothing could be measured (or, with
--against, it ended before it had finished).
`;

/** What the command needs of its surroundings. */
export interface ProbeSurroundings {
  readonly transport: Transport;
  /** @default the runtime's clock */
  readonly clock?: Clock | undefined;
  readonly readFile: (path: string) => Promise<string>;
  /** Shows the records of TLS. @default nobody looks whether close_notify is sent */
  readonly relay?: RelayOpener | undefined;
  /** Writes one line about the progress. */
  readonly progress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The result of the command. */
export interface ProbeResult {
  readonly code: 0 | 1 | 2 | 3;
  readonly output: string;
  readonly error: string;
}

/** Runs `holdfast probe` with the arguments after `probe`. Prints nothing but progress: it returns what would be printed. */
export async function probeCommand(args: readonly string[], around: ProbeSurroundings): Promise<ProbeResult> {
  try {
    const { url, options, json, against, ca } = await readArguments(args, around);
    const { transport, clock, relay } = around;
    const report = await probe(url, options, { transport, clock, relay, ca });
    const held = holdAgainst(report, against);
    return { code: held.code, output: json ? jsonOf(report, held) : textOf(report, held), error: "" };
  } catch (error) {
    if (error instanceof UsageError)
      return { code: 2, output: "", error: `${error.message}\n\n${PROBE_USAGE}` };
    if (error instanceof ProbeError) return failed(args, error);
    if (error instanceof TypeError || error instanceof RangeError)
      return { code: 2, output: "", error: `${error.message}\n` };
    throw error;
  }
}

/** A program that reads JSON gets some. */
function failed(args: readonly string[], { message }: ProbeError): ProbeResult {
  const output = args.includes("--json") ? `${JSON.stringify({ error: message }, undefined, 2)}\n` : "";
  return { code: 3, output, error: `${message}\n` };
}

/** What became of a promise. */
interface Held {
  readonly code: 0 | 1 | 3;
  readonly broken: readonly string[];
  readonly untested: readonly string[];
}

function holdAgainst(report: ProbeReport, promise: ServerPromise | undefined): Held {
  if (promise === undefined) return { code: 0, broken: [], untested: [] };
  const failures = broken(report, promise);
  const unfinished = report.stopped ? 3 : 0;
  return {
    code: failures.length > 0 ? 1 : unfinished,
    broken: failures,
    untested: untested(report, promise),
  };
}

function textOf(report: ProbeReport, { broken, untested }: Held): string {
  const lines = [
    ...broken.map((failure) => `Broken promise: ${failure}\n`),
    ...untested.map((promise) => `Not tested: ${promise}\n`),
  ];
  return `${probeText(report)}${lines.join("")}`;
}

/** JSON knows no `Infinity`, so a client that never gives a connection up has no `clientMs`. */
function jsonOf(report: ProbeReport, { broken, untested }: Held): string {
  const finite = (_: string, value: unknown) => (value === Infinity ? undefined : value);
  const reading = {
    announcements: truthOf(report),
    resembles: resemblance(report),
    races: races(report),
    createPool: advisedOptions(report),
    keepAlive: advisedRules(report),
  };
  return `${JSON.stringify({ ...report, reading, broken, untested }, finite, 2)}\n`;
}

interface ProbeArguments {
  readonly url: string;
  readonly options: ServerProbeOptions;
  readonly json: boolean;
  readonly against: ServerPromise | undefined;
  readonly ca: readonly string[] | undefined;
}

async function readArguments(args: readonly string[], around: ProbeSurroundings): Promise<ProbeArguments> {
  const { values, positionals } = parsedArguments(args);
  const [url, ...rest] = positionals;
  if (url === undefined) throw new UsageError("No URL given");
  if (rest.length > 0)
    throw new UsageError(`One server at a time: "${excerpt(String(rest[0]))}" is too much`);
  const method = values.method?.toUpperCase();
  if (method !== undefined && method !== "GET" && method !== "HEAD")
    throw new UsageError(`--method must be HEAD or GET: got "${excerpt(String(values.method))}"`);
  const options: ServerProbeOptions = {
    maxIdle: values["max-idle"] as Duration | undefined,
    requests: numberOf("--requests", values.requests),
    connections: numberOf("--connections", values.connections),
    method,
    http2: http2Of(values.http2),
    yes: values.yes,
    signal: around.signal,
    onProgress: around.progress && progressLine(around.progress),
  };
  const against = values.against === undefined ? undefined : await promiseOf(values.against, around);
  const ca = values.ca === undefined ? undefined : [await textOfFile("--ca", values.ca, around)];
  return { url: withScheme(url), options, json: values.json === true, against, ca };
}

function http2Of(given: string | undefined): "alpn" | "prior-knowledge" | false | undefined {
  if (given === undefined || given === "alpn" || given === "prior-knowledge") return given;
  if (given === "off") return false;
  throw new UsageError(`--http2 must be alpn, prior-knowledge or off: got "${excerpt(given)}"`);
}

const OPTIONS = {
  "max-idle": { type: "string" },
  requests: { type: "string" },
  connections: { type: "string" },
  method: { type: "string" },
  http2: { type: "string" },
  ca: { type: "string" },
  against: { type: "string" },
  json: { type: "boolean" },
  yes: { type: "boolean" },
} as const;

function parsedArguments(args: readonly string[]) {
  return parsed(args, OPTIONS);
}

/** `example.com` means its https server, as in a browser. */
function withScheme(url: string): string {
  return url.includes("://") ? url : `https://${url}`;
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text === "" ? NaN : Number(text);
  if (!Number.isInteger(value))
    throw new UsageError(`${option} must be a whole number: got "${excerpt(text)}"`);
  return value;
}

async function promiseOf(against: string, around: ProbeSurroundings): Promise<ServerPromise> {
  const preset = presetPromise(against);
  if (preset !== undefined) return preset;
  if (!against.endsWith(".json"))
    throw new UsageError(
      `--against "${excerpt(against)}" is neither a server preset, a load balancer nor a file that ends with .json`,
    );
  return filePromise(against, await textOfFile("--against", against, around));
}

async function textOfFile(option: string, file: string, { readFile }: ProbeSurroundings): Promise<string> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new UsageError(`${option}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function progressLine(write: (line: string) => void): (progress: ProbeProgress) => void {
  return ({ waitingFor, leftMs, connections, requests }) => {
    const left = formatMs(Math.ceil(leftMs / 1000) * 1000);
    write(
      `waiting for ${waitingFor} (${connections} open, ${requests} requests so far, at most ${left} more)`,
    );
  };
}
