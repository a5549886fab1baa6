/** Probe: measures how a server keeps its connections, by experiments side by side within a budget. */

import { systemClock } from "../contract/clock.ts";
import { originOf } from "../contract/origin.ts";
import { parseKeepAlive } from "../rules/hints.ts";
import { altSvcNotes } from "./alt-svc.ts";
import {
  askAddresses,
  differences,
  type Http1Habits,
  http1Habits,
  idleDifferences,
} from "./experiments/habits.ts";
import { idleAfterRequest, idleUnused, keptWarm, TCP_KEEP_ALIVE } from "./experiments/idle.ts";
import { lifetimes } from "./experiments/lifetime.ts";
import { pingHabits } from "./experiments/ping-habits.ts";
import { requestsPerConnection } from "./experiments/requests.ts";
import { countOf, type Finding, findingOf, NOTHING, type Sample } from "./findings.ts";
import { type Greeting, greet, type Spoken } from "./greeting.ts";
import type { Lab } from "./lab.ts";
import { checkAddresses } from "./probe-error.ts";
import { addressesOf, type ProbeGround } from "./probe-ground.ts";
import { probeSettings, type ServerProbeOptions } from "./probe-options.ts";
import type { Announced, ConnectionLimits, Http2Report, ProbeReport } from "./probe-report.ts";
import { Progress } from "./progress.ts";
import { Run } from "./run.ts";
import { type Shares, sharesOf } from "./shares.ts";

/**
 * Measures how a server keeps connections.
 *
 * @throws {ProbeError} if the server cannot be reached, is not HTTP, or must not be asked without `yes`.
 * @throws {TypeError} or {RangeError} for wrong options.
 */
export async function probe(
  url: string,
  options: ServerProbeOptions,
  ground: ProbeGround,
): Promise<ProbeReport> {
  const settings = probeSettings(options);
  const { clock = systemClock } = ground;
  const origin = originOf(url);
  const addresses = await addressesOf(origin, ground.transport);
  checkAddresses(addresses.length > 0 ? addresses : [origin.hostname], settings.yes);
  const run = new Run(settings);
  const stop = () => run.stop("The probe was stopped before it had finished.");
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted === true) stop();
  clock.ref?.(true);
  const progress = new Progress(run, clock, options);
  try {
    const startedAt = clock.now();
    const spoken = await greet(run, { url, origin, addresses, ground: { ...ground, clock } });
    const report = await measured(run, spoken, progress);
    const cost = { requests: run.requests, tookMs: clock.now() - startedAt };
    return { url, addresses, ...report, notes: [...run.notes], cost, stopped: run.signal.aborted };
  } finally {
    progress.end();
    options.signal?.removeEventListener("abort", stop);
    clock.ref?.(false);
    run.stop();
  }
}

type Measured = Omit<ProbeReport, "url" | "addresses" | "notes" | "cost" | "stopped">;

/** Both protocols, one beside the other if the budget has room. */
async function measured(run: Run, { http1, http2 }: Spoken, progress: Progress): Promise<Measured> {
  const shares = sharesOf(run.settings.connections, http1 !== undefined && http2 !== undefined);
  const first = http1 === undefined ? Promise.resolve(NOT_SPOKEN) : overHttp1(http1, shares.http1, progress);
  if (!shares.together) await first;
  const second = http2 === undefined ? undefined : overHttp2(http2, shares.http2, progress);
  const [found, http2Found] = await Promise.all([first, second]);
  const greeting = http1 ?? http2;
  if (greeting === undefined) throw new Error("Bug in Holdfast: neither protocol was greeted");
  run.notes.push(...altSvcNotes(announcedBy(greeting), greeting.lab.peer.origin, http2 !== undefined));
  return { ...factsOf(greeting), ...found, http2: http2Found, tls: await tlsOf(http1 ?? http2, http2) };
}

function factsOf(greeting: Greeting) {
  const { answer } = greeting;
  const { status, httpVersion } = answer;
  return { status, httpVersion, server: answer.field("server"), announced: announcedBy(greeting) };
}

function announcedBy({ answer }: Greeting): Announced {
  const { timeoutMs, max } = parseKeepAlive(answer.keepAlive ?? "");
  return { timeoutMs, max, altSvc: answer.field("alt-svc") };
}

async function tlsOf(greeting: Greeting | undefined, http2: Greeting | undefined) {
  if (greeting === undefined || greeting.lab.peer.origin.scheme !== "https") return undefined;
  const labs = new Set([greeting.lab, http2?.lab ?? greeting.lab]);
  const count = (what: "closeNotify" | "bareFin") =>
    [...labs].reduce((sum, { tlsEndings }) => sum + tlsEndings[what], 0);
  const endings = { closeNotify: count("closeNotify"), bareFin: count("bareFin") };
  return { facts: greeting.tls, resumes: greeting.resumes, endings };
}

const NO_ENDINGS = { closed: 0, reset: 0, announced: 0, silent: 0 } as const;
const NOT_SPOKEN: ConnectionLimits & { readonly http1: Http1Habits } = {
  idle: NOTHING,
  unused: NOTHING,
  requests: NOTHING,
  lifetime: NOTHING,
  endings: NO_ENDINGS,
  http1: { keepsWhenAsked: undefined, keepsUnasked: undefined, closesWhenAsked: undefined },
};

async function overHttp1({ lab, answer }: Greeting, shares: Shares, progress: Progress) {
  const announcedMs = parseKeepAlive(answer.keepAlive ?? "").timeoutMs ?? Infinity;
  const warm = shares.warm > 0 && setsTcpKeepAlive(lab) ? keptWarm(lab) : Promise.resolve(undefined);
  const limits = limitsOf(lab, shares, announcedMs, progress);
  const habits = progress.while("habits", habitsOf(lab));
  const [found, habitsFound, warmed] = await Promise.all([
    limits,
    habits,
    progress.while("TCP keepalive", warm),
  ]);
  if (found.idle.how === "silent" && warmed !== undefined) lab.run.note(warmNote(found.idle, warmed));
  return { ...found, endings: { ...lab.endings }, http1: habitsFound };
}

/** Deno's first probe comes after two hours, whatever is asked for. */
function setsTcpKeepAlive({ peer }: Lab): boolean {
  const { tcpKeepAlive } = peer.transport.can;
  return tcpKeepAlive === "idle" || tcpKeepAlive === "full";
}

async function habitsOf(lab: Lab): Promise<Http1Habits> {
  const habits = await http1Habits(lab);
  lab.run.notes.push(...differences(await askAddresses(lab)));
  return habits;
}

/** Connections were forgotten: whether TCP keepalive prevents it. */
function warmNote({ value = 0 }: Finding, { at, what }: Sample): string {
  const each = `TCP keepalive every ${TCP_KEEP_ALIVE.idleMs / 1000}s`;
  if (what === "alive" && at > value) return `${each} keeps connections from being forgotten.`;
  return what === "reset"
    ? `${each} finds out that a connection was forgotten, after ${Math.round(at / 1000)}s.`
    : `${each} does not keep connections from being forgotten.`;
}

/** The four limits, side by side. */
async function limitsOf(
  lab: Lab,
  shares: Shares,
  announcedMs: number,
  progress: Progress,
  told: (idle: Finding) => void = () => {},
): Promise<Omit<ConnectionLimits, "endings">> {
  const of = lab.peer.protocol === "h2" ? " over HTTP/2" : "";
  let idleMs = announcedMs;
  const idle = idleAfterRequest(lab, shares.idle).then((samples) => {
    const found = findingOf(samples);
    idleMs = Math.min(announcedMs, found.value ?? Infinity);
    told(found);
    lab.run.notes.push(...idleDifferences(samples));
    return found;
  });
  const unused = idleUnused(lab, shares.unused).then(findingOf);
  const busy = busyLimits(lab, shares.lifetime, () => idleMs);
  const [idleFound, unusedFound, busyFound] = await Promise.all([
    progress.while(`idle connections${of}`, idle),
    progress.while(`unused connections${of}`, unused),
    progress.while(`requests${of}`, busy),
  ]);
  return { idle: idleFound, unused: unusedFound, ...busyFound };
}

async function busyLimits(lab: Lab, count: number, idleMs: () => number) {
  const requests = countOf(await requestsPerConnection(lab));
  // One request per connection leaves nothing that could grow old.
  if (lab.signal.aborted || (requests.value ?? Infinity) < 3) return { requests, lifetime: NOTHING };
  const lifetime = findingOf(await lifetimes(lab, count, { requests, idleMs }));
  return { requests, lifetime };
}

async function overHttp2(greeting: Greeting, shares: Shares, progress: Progress): Promise<Http2Report> {
  const { lab, settings } = greeting;
  if (settings === undefined) throw new Error("Bug in Holdfast: HTTP/2 was greeted without settings");
  let told: (found: Finding) => void = () => {};
  const idle = new Promise<Finding>((resolve) => {
    told = resolve;
  });
  const pings = pingHabits(lab, idle);
  const [found, ping] = await Promise.all([
    limitsOf(lab, shares, Infinity, progress, told),
    progress.while("PING", pings),
  ]);
  return { ...found, endings: { ...lab.endings }, settings, ping, goaway: lab.goaway };
}
