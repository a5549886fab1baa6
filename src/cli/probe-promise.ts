/** Probe promise: holds what was found against what a server is said to do, for `holdfast probe --against`. */

import { type Duration, formatMs, toMs } from "../contract/duration.ts";
import { excerpt } from "../contract/excerpt.ts";
import { resolveOptions } from "../options/resolve.ts";
import { BALANCER_NAMES, BALANCERS } from "../presets/balancers.ts";
import type { Finding } from "../probe/findings.ts";
import type { ConnectionLimits, ProbeReport } from "../probe/probe-report.ts";
import { SERVERS } from "./catalog.ts";
import { isSameTime, mainLimits, measuredTime } from "./probe-reading.ts";
import { UsageError } from "./usage-error.ts";

/** What a server is said to do. `Infinity` and `undefined`: nothing is promised. */
export interface ServerPromise {
  readonly idleMs: number;
  readonly requests: number;
  readonly lifetimeMs: number;
}

/** The promise of a server preset or of a load balancer, or `undefined` if none has the name. */
export function presetPromise(name: string): ServerPromise | undefined {
  const make = Object.hasOwn(SERVERS, name) ? SERVERS[name] : undefined;
  if (make === undefined) return balancerPromise(name);
  const { idleTimeoutMs, maxRequests, maxLifetimeMs } = resolveOptions(make()).rules;
  return { idleMs: idleTimeoutMs, requests: maxRequests, lifetimeMs: maxLifetimeMs };
}

/** How long it keeps idle connections by default. */
function balancerPromise(name: string): ServerPromise | undefined {
  const balancer = BALANCER_NAMES.find((known) => known === name);
  if (balancer === undefined) return undefined;
  const idleMs = toMs(BALANCERS[balancer].idleTimeout, "idleTimeout");
  return { idleMs, requests: Infinity, lifetimeMs: Infinity };
}

const KEYS: readonly string[] = ["idleTimeout", "maxRequests", "maxLifetime"];

/**
 * The promise in a configuration file: JSON with `idleTimeout`, `maxRequests` and `maxLifetime`, written as for `createPool`.
 *
 * @throws {UsageError} that names the file and the member that is wrong.
 */
export function filePromise(file: string, text: string): ServerPromise {
  const read = parsed(file, text);
  const unknown = Object.keys(read).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw new UsageError(`${file}: unknown member "${excerpt(unknown)}": known are ${KEYS.join(", ")}`);
  const { idleTimeout, maxRequests = Infinity, maxLifetime } = read;
  if (typeof maxRequests !== "number" || maxRequests < 1)
    throw new UsageError(
      `${file}: maxRequests must be a number from 1 on: got "${excerpt(String(maxRequests))}"`,
    );
  return {
    idleMs: time(file, "idleTimeout", idleTimeout),
    requests: maxRequests,
    lifetimeMs: time(file, "maxLifetime", maxLifetime),
  };
}

function parsed(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new UsageError(`${file} is not JSON: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
  throw new UsageError(`${file} must hold one object`);
}

function time(file: string, name: string, value: unknown): number {
  if (value === undefined) return Infinity;
  try {
    return toMs(value as Duration, name);
  } catch (cause) {
    throw new UsageError(`${file}: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
}

/** In what the server does not do what was promised: it gives connections up sooner, or differently. Empty: it is kept. */
export function broken(report: ProbeReport, promise: ServerPromise): string[] {
  const { http2 } = report;
  const overHttp2 = http2 === undefined ? [] : brokenLimits(http2, promise, "Over HTTP/2 ");
  return [...brokenLimits(report, promise, ""), ...overHttp2];
}

function brokenLimits(
  { idle, requests, lifetime }: ConnectionLimits,
  promise: ServerPromise,
  over: string,
): string[] {
  const [it, aConnection] = over === "" ? ["It", "A connection"] : [`${over}it`, `${over}a connection`];
  return [
    ...brokenTime(`${it} keeps idle connections`, idle.value, promise.idleMs),
    ...(requests.value !== undefined && requests.value < promise.requests
      ? [`${aConnection} takes ${requests.value} requests, promised are ${count(promise.requests)}.`]
      : []),
    ...brokenTime(`${it} keeps connections in use`, lifetime.value, promise.lifetimeMs),
  ];
}

function brokenTime(what: string, found: number | undefined, promised: number): string[] {
  if (found === undefined || found >= promised || isSameTime(found, promised)) return [];
  return [`${what} for ${measuredTime(found)}, promised are ${formatMs(promised)}.`];
}

/** Which promises go beyond what was looked at, so that nothing is known of them. */
export function untested(report: ProbeReport, promise: ServerPromise): string[] {
  const limits = mainLimits(report);
  return [
    ...untestedLimit("Idle connections", limits.idle, promise.idleMs, measuredTime),
    ...untestedLimit("Requests on a connection", limits.requests, promise.requests, String),
    ...untestedLimit("Connections in use", limits.lifetime, promise.lifetimeMs, measuredTime),
  ];
}

function untestedLimit(
  what: string,
  { value, atLeast }: Finding,
  promised: number,
  format: (value: number) => string,
): string[] {
  if (value !== undefined || promised === Infinity || atLeast >= promised) return [];
  return [`${what} held at ${format(atLeast)}, promised are ${format(promised)}.`];
}

function count(requests: number): string {
  return requests === Infinity ? "any number" : String(requests);
}
