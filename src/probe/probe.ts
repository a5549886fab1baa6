/** Probe: measures how a server keeps its connections, by experiments side by side within a budget. */

import { type Clock, systemClock } from "../contract/clock.ts";
import { type Origin, originOf } from "../contract/origin.ts";
import type { Target, TlsFacts, TlsTarget, Transport } from "../contract/transport.ts";
import { parseKeepAlive } from "../rules/hints.ts";
import {
  type AddressAnswer,
  askAddresses,
  differences,
  type Http10Habits,
  http10Habits,
  OneSession,
  type TlsHabits,
  tlsHabits,
} from "./experiments/habits.ts";
import { idleAfterRequest, idleUnused } from "./experiments/idle.ts";
import { lifetimes } from "./experiments/lifetime.ts";
import { requestsPerConnection } from "./experiments/requests.ts";
import { type Finding, findingOf, NOTHING } from "./findings.ts";
import { Lab } from "./lab.ts";
import type { Answer, ProbePeer } from "./probe-connection.ts";
import { checkAddresses, ProbeError } from "./probe-error.ts";
import { probeSettings, type ServerProbeOptions } from "./probe-options.ts";

/** What the server says of itself. */
export interface Announced {
  readonly timeoutMs: number | undefined;
  readonly max: number | undefined;
  readonly altSvc: string | undefined;
}

/** What a probe found. */
export interface ProbeReport {
  readonly url: string;
  readonly addresses: readonly string[];
  /** The first answer. */
  readonly status: number;
  readonly httpVersion: "1.0" | "1.1";
  readonly server: string | undefined;
  readonly announced: Announced;
  /** Idle time after a request, in ms. */
  readonly idle: Finding;
  /** Idle time before the first request, in ms. */
  readonly unused: Finding;
  /** Requests on one connection. */
  readonly requests: Finding;
  /** Age of a connection in steady use, in ms. */
  readonly lifetime: Finding;
  /** How connections ended, and how many. */
  readonly endings: Readonly<Record<"closed" | "reset" | "announced" | "silent", number>>;
  readonly http10: Http10Habits;
  readonly tls: TlsHabits | undefined;
  /** What else was met, in sentences. */
  readonly notes: readonly string[];
  /** What the probe cost: requests that were answered, and how long it took. */
  readonly cost: { readonly requests: number; readonly tookMs: number };
  /** Whether it was ended before it had finished. */
  readonly stopped: boolean;
}

/** What a probe stands on. */
export interface ProbeGround {
  readonly transport: Transport;
  /** @default the runtime's clock */
  readonly clock?: Clock | undefined;
  /** Trusted root certificates. @default the runtime's own */
  readonly ca?: readonly string[] | undefined;
}

/** More addresses of one name than this are not told apart. */
const MOST_ADDRESSES = 4;
/** Answers that send the client elsewhere. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Measures how a server keeps connections.
 *
 * @throws {ProbeError} if the server cannot be reached, is not HTTP/1.1, or must not be asked without `yes`.
 * @throws {TypeError} or {RangeError} for wrong options.
 */
export async function probe(
  url: string,
  options: ServerProbeOptions,
  ground: ProbeGround,
): Promise<ProbeReport> {
  const settings = probeSettings(options);
  const { transport, clock = systemClock } = ground;
  const origin = originOf(url);
  const addresses = await addressesOf(origin, ground.transport);
  checkAddresses(addresses.length > 0 ? addresses : [origin.hostname], settings.yes);
  const lab = new Lab(peerOf(url, origin, { ...ground, transport, clock }), settings, addresses);
  const stop = () => lab.stop("The probe was stopped before it had finished.");
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted === true) stop();
  clock.ref?.(true);
  const progress = new Progress(lab, options);
  try {
    return await measured(lab, url, addresses, progress);
  } finally {
    progress.end();
    options.signal?.removeEventListener("abort", stop);
    clock.ref?.(false);
    lab.stop();
  }
}

async function measured(
  lab: Lab,
  url: string,
  addresses: readonly string[],
  progress: Progress,
): Promise<ProbeReport> {
  const startedAt = lab.peer.clock.now();
  const { answer, tls } = await firstAnswer(lab);
  if (REDIRECTS.has(answer.status))
    lab.notes.push(`It redirects to ${answer.field("location") ?? "nowhere"}, which was not followed.`);
  const found = await experiments(lab, answer, tls, progress);
  return {
    url,
    addresses,
    status: answer.status,
    httpVersion: answer.minorVersion === 0 ? "1.0" : "1.1",
    server: answer.field("server"),
    announced: announcedBy(answer),
    ...found,
    endings: { ...lab.endings },
    notes: [...lab.notes],
    cost: { requests: lab.requests, tookMs: lab.peer.clock.now() - startedAt },
    stopped: lab.signal.aborted,
  };
}

function announcedBy(answer: Answer): Announced {
  const { timeoutMs, max } = parseKeepAlive(answer.keepAlive ?? "");
  return { timeoutMs, max, altSvc: answer.field("alt-svc") };
}

/** The first request. Where HEAD is refused, GET is used from then on. */
async function firstAnswer(lab: Lab): Promise<{ answer: Answer; tls: TlsFacts | undefined }> {
  const connection = await lab.open().catch((error: unknown) => {
    throw ProbeError.unreachable(lab.peer.origin.key, error);
  });
  const outcome = await lab.ask(connection);
  const tls = connection.socket?.tls;
  connection.close();
  if (outcome.kind !== "answered") throw ProbeError.noAnswer(lab.peer.origin.key, outcome);
  const { status } = outcome.answer;
  if (lab.settings.method === undefined && lab.method === "HEAD" && (status === 405 || status === 501)) {
    lab.method = "GET";
    return await firstAnswer(lab);
  }
  return { answer: outcome.answer, tls };
}

type Found = Pick<ProbeReport, "idle" | "unused" | "requests" | "lifetime" | "http10" | "tls">;

async function experiments(
  lab: Lab,
  answer: Answer,
  tls: TlsFacts | undefined,
  progress: Progress,
): Promise<Found> {
  const share = shares(lab.settings.connections);
  const announcedMs = announcedBy(answer).timeoutMs ?? Infinity;
  let idle: Finding = NOTHING;
  const waiting = progress.while("idle connections", idleAfterRequest(lab, share.idle)).then((samples) => {
    idle = findingOf(samples);
    return idle;
  });
  const unused = progress.while("unused connections", idleUnused(lab, share.unused)).then(findingOf);
  const busy = progress.while(
    "requests",
    busyExperiments(lab, share.lifetime, () => Math.min(announcedMs, idle.value ?? Infinity)),
  );
  const quick = progress.while("habits", quickExperiments(lab, tls));
  const [idleFound, unusedFound, { requests, lifetime }, habits] = await Promise.all([
    waiting,
    unused,
    busy,
    quick,
  ]);
  return { idle: idleFound, unused: unusedFound, requests, lifetime, ...habits };
}

async function busyExperiments(lab: Lab, count: number, idleMs: () => number) {
  const requests = findingOf(await requestsPerConnection(lab));
  // One request per connection leaves nothing that could grow old.
  if (lab.signal.aborted || (requests.value ?? Infinity) < 3) return { requests, lifetime: NOTHING };
  const lifetime = findingOf(await lifetimes(lab, count, { requests, idleMs }));
  return { requests, lifetime };
}

async function quickExperiments(lab: Lab, facts: TlsFacts | undefined) {
  const http10 = await http10Habits(lab);
  const tls = await tlsHabits(lab, facts);
  const answers: AddressAnswer[] = await askAddresses(lab);
  lab.notes.push(...differences(answers));
  return { http10, tls };
}

/** How many connections each experiment may have open: half wait after a request. */
function shares(connections: number): { idle: number; unused: number; lifetime: number } {
  return {
    idle: Math.max(1, connections >> 1),
    unused: Math.max(1, Math.floor(connections / 7)),
    lifetime: connections >= 10 ? 2 : 1,
  };
}

async function addressesOf(origin: Origin, transport: Transport): Promise<readonly string[]> {
  try {
    const found = (await transport.resolve?.(origin.hostname)) ?? [];
    return found.slice(0, MOST_ADDRESSES);
  } catch (error) {
    throw ProbeError.unreachable(origin.key, error);
  }
}

function peerOf(url: string, origin: Origin, ground: ProbeGround & { clock: Clock }): ProbePeer {
  const { pathname, search } = new URL(url);
  const tls: TlsTarget | undefined =
    origin.scheme === "https"
      ? {
          serverName: origin.hostname,
          verify: true,
          alpn: ["http/1.1"],
          ca: ground.ca,
          sessions: new OneSession(),
        }
      : undefined;
  const target = (address: string | undefined): Target => ({
    hostname: origin.hostname,
    port: origin.port,
    ...(address === undefined ? {} : { address }),
    tls,
    tcpKeepAlive: false,
    noDelay: true,
  });
  return { transport: ground.transport, clock: ground.clock, origin, path: pathname + search, target };
}

const PROGRESS_MS = 1000;

/** Tells once a second what is waited for. */
class Progress {
  readonly #lab: Lab;
  readonly #tell: ServerProbeOptions["onProgress"];
  readonly #waiting: Set<string> = new Set();
  readonly #endsAt: number;
  #cancel: () => void = () => {};

  constructor(lab: Lab, { onProgress }: ServerProbeOptions) {
    this.#lab = lab;
    this.#tell = onProgress;
    this.#endsAt = lab.peer.clock.now() + lab.settings.maxIdleMs;
    if (onProgress !== undefined) this.#tick();
  }

  #tick(): void {
    const { clock } = this.#lab.peer;
    const timer = clock.schedule(PROGRESS_MS, () => {
      this.#say();
      this.#tick();
    });
    this.#cancel = () => timer.cancel();
  }

  #say(): void {
    this.#tell?.({
      waitingFor: [...this.#waiting].join(", "),
      leftMs: Math.max(0, this.#endsAt - this.#lab.peer.clock.now()),
      connections: this.#lab.connections,
      requests: this.#lab.requests,
    });
  }

  /** Names what an experiment waits for until it has ended. An experiment that had enough ends without a result. */
  async while<T>(name: string, experiment: Promise<T>): Promise<T> {
    this.#waiting.add(name);
    try {
      return await experiment;
    } finally {
      this.#waiting.delete(name);
      this.#say();
    }
  }

  end(): void {
    this.#cancel();
  }
}
