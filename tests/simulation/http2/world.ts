/**
 * World: callers, a pool or two, and servers that speak HTTP/2, in virtual time. Its invariants: nothing is executed twice that may
 * not be, no answer is another one's, every request settles, none fails without a cause, counts add up, and nothing is left.
 */

import type { PoolOptions } from "../../../mod.ts";
import { createPool, HoldfastError, ProtocolError } from "../../../mod.ts";
import { type MemoryTransport, memoryTransport } from "../../../transports/memory.ts";
import { respondTo } from "../../../transports/memory-responder.ts";
import { Prng } from "../../support/prng.ts";
import { Agenda, type Appointment, grain, LANE, type Lane } from "../agenda.ts";
import { ClientClock } from "../client-clock.ts";
import { type Cases, Judges } from "../judges.ts";
import { LateHandler, type LateWorld } from "../late-socket.ts";
import { beLate, LATENESS, tellRestOfBatch } from "../lateness.ts";
import { isPayload, payload, payloadBytes } from "../payload.ts";
import { quiescence } from "../pump.ts";
import { Unsent } from "../unsent.ts";
import { Loading } from "./loading.ts";
import type { NeighbourPlan, Plan, UnusedEnd } from "./plan.ts";
import { Http2Server, type ServerWorld } from "./server.ts";
import { Side, type SideWorld, sumOf } from "./side.ts";
import "../../support/on-demand.ts";

interface Request {
  readonly id: number;
  readonly side: Side;
  readonly method: "GET" | "POST" | "PUT";
  readonly length: number;
  readonly uploadLength: number | undefined;
  executed: number;
  excuse: string | undefined;
  aborted: boolean;
  settled: boolean;
  /** Its body is a stream, which cannot be sent again once it has begun. */
  once: boolean;
  /** How many redirects it goes through; each to the server of this name. */
  hops: readonly string[];
  /** How often a server has said that it did not process it. */
  spared: number;
  /** How often it has come after each number of redirects, but for when a server has said that it did not process it. */
  readonly comings: number[];
  /** A server has said so after a 1xx. */
  disowned: boolean;
  /** A server has begun to process it. */
  taken: boolean;
  /** It has fields of some KiB. */
  isLarge: boolean;
}

/** The default of `connectTimeout`. */
const CONNECT_MS = 10_000;

const IDEMPOTENT: readonly string[] = ["GET", "PUT"];

/** What was seen in a world. */
export interface Seen {
  readonly requests: number;
  readonly failed: number;
  readonly opened: number;
  readonly retired: Readonly<Record<string, number>>;
  readonly retried: Readonly<Record<string, number>>;
  readonly happened: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly cases: Readonly<Cases>;
  readonly hash: number;
}

/** An invariant is broken. */
export class Http2Violation extends Error {}

/** One world. */
export class Http2World implements ServerWorld, SideWorld, LateWorld {
  readonly agenda = new Agenda();
  /** Told everything that happens, to replay a seed by eye. */
  readonly trace: ((what: string) => void) | undefined;
  readonly plan: Plan;
  readonly latencyMs: number;
  readonly #prng: Prng;
  /** For what older seeds did without. */
  readonly #newer: Prng;
  readonly #late: Prng;
  readonly unsent = new Unsent(this);
  readonly #servers: Map<string, Http2Server> = new Map();
  /** The pool and, if there is one, its neighbour. */
  readonly #sides: readonly [Side, ...Side[]];
  readonly #loading: Loading | undefined;
  readonly #clock: ClientClock;
  readonly #requests: Map<number, Request> = new Map();
  readonly #happened: Record<string, number> = {};
  readonly #errors: Record<string, number> = {};
  readonly #cases: Cases = {};
  readonly judges = new Judges(this.#cases);
  readonly #retried: Record<string, number> = {};
  #hash = 0;
  #nextId = 0;
  #failed = 0;
  #running = 0;
  #lateAgainAt = 0;
  #closed = false;
  /** The lane of the appointment that is kept. */
  #kept: Lane | undefined = undefined;

  constructor(plan: Plan, trace?: (line: string) => void) {
    this.plan = plan;
    this.trace = trace && ((what) => trace(`${this.agenda.now} ${what}`));
    this.latencyMs = grain(plan.latencyMs);
    this.#prng = new Prng(plan.seed ^ 0x5eed);
    this.#newer = new Prng(plan.seed ^ 0x7e11);
    this.#late = new Prng(plan.seed ^ 0x1a7e);
    this.agenda.strict = true;
    for (const server of plan.servers)
      if (!server.isOld) this.#servers.set(server.hostname, new Http2Server(this, server));
    const inner = memoryTransport({
      window: plan.socketBytes,
      scheduler: {
        schedule: (delayMs, callback) =>
          this.agenda.schedule(LANE.toClient, delayMs || this.latencyMs, callback),
      },
      accept: (peer) => {
        const server = this.#servers.get(peer.target.hostname);
        if (server !== undefined) return server.accept(peer);
        respondTo(peer, ({ path, method, headers }) => this.#oldAnswer(path, method, headers));
      },
    });
    const machine = {
      agenda: this.agenda,
      unsent: this.unsent,
      wallStep: 0,
      turnMs: 0,
      readsInBatches: plan.readsInBatches,
    };
    this.#clock = new ClientClock({ ...machine, timerSet() {}, timerRings() {} }, plan.clockStops);
    if (plan.clockStops) this.happened("clock that stands still");
    if (plan.readsInBatches) this.happened("sockets read in batches");
    const { loading, neighbour } = plan;
    if (loading !== undefined)
      this.#loading = new Loading(this.agenda, loading, () => this.#closesWhileLoading());
    const side = this.#side(inner, plan.options, this.#prng);
    this.#sides = neighbour === undefined ? [side] : [side, this.#neighbour(inner, neighbour)];
  }

  /** A pool over sockets of its own. */
  #side(inner: MemoryTransport, options: PoolOptions, prng: Prng): Side {
    const side = new Side(this, options);
    const transport: typeof inner = {
      ...inner,
      peers: inner.peers,
      attempts: 0,
      connect: async (target, handler, signal) => {
        this.#tries(side, target.hostname);
        const late = new LateHandler(handler);
        const socket = await inner.connect(target, late, signal);
        side.attempts.heard(target.hostname, this.agenda.clientNow);
        const isOld = !this.#servers.has(target.hostname);
        const offered = target.tls?.alpn ?? [];
        const alpn = !isOld && offered.includes("h2") ? "h2" : "http/1.1";
        if (target.tls !== undefined) Object.defineProperty(socket, "alpn", { value: alpn });
        return late.over(socket, this);
      },
    };
    side.pool = createPool({
      ...options,
      transport,
      clock: this.#clock,
      random: () => prng.next(),
      onEvent: (event) => {
        this.trace?.(
          `${side === this.#sides[0] ? "event" : "event of the neighbour"} ${JSON.stringify(event)}`,
        );
        side.event(event);
      },
    });
    return side;
  }

  #neighbour(inner: MemoryTransport, { options, closeAfterMs, closeTimeoutMs }: NeighbourPlan): Side {
    const side = this.#side(inner, options, new Prng(this.plan.seed ^ 0x51de));
    this.happened("a second pool");
    if (closeAfterMs !== undefined)
      this.agenda.schedule(LANE.client, closeAfterMs, () => void this.#closeSide(side, closeTimeoutMs));
    return side;
  }

  // What the servers ask and tell

  get isPunctual(): boolean {
    const { socketBytes, blockOneIn, sleepOneIn, lateOneIn, lateWriteOneIn } = this.plan;
    const isInTime = blockOneIn === Infinity && sleepOneIn === Infinity && lateOneIn === Infinity;
    return socketBytes === Infinity && lateWriteOneIn === Infinity && isInTime;
  }

  get wasInterrupted(): boolean {
    const { blockOneIn, sleepOneIn, lateOneIn } = this.plan;
    return blockOneIn < Infinity || sleepOneIn < Infinity || lateOneIn < Infinity;
  }

  readonly tellsHeld = false;

  lateMs(): number {
    const { lateWriteOneIn } = this.plan;
    if (lateWriteOneIn === Infinity || !this.#late.oneIn(lateWriteOneIn)) return 0;
    return this.#late.among(0.25, 1, 20);
  }

  outward<T>(act: () => T): T {
    return act();
  }

  lengthOf(id: number): number {
    return this.#requests.get(id)?.length ?? 0;
  }

  executes(id: number, method: string): void {
    const request = this.#requests.get(id);
    const { judges } = this;
    judges.rules("h2: requests have callers", true, request === undefined, `there is no request ${id}`);
    if (request === undefined) return;
    judges.rules("h2: methods", true, method !== request.method, `request ${id} came as ${method}`);
    request.executed += 1;
    const isRepeatable = IDEMPOTENT.includes(method);
    judges.rules(
      isRepeatable ? "h2: executed twice at most" : "h2: a POST is executed once",
      !isRepeatable || request.executed > 1,
      request.executed > (isRepeatable ? 2 : 1),
      () => `${method} ${id} was executed ${request.executed} times`,
    );
    const isCalm = request.excuse === undefined && this.plan.isCalm;
    judges.rules(
      "h2: executed once where nothing goes wrong",
      isCalm,
      isCalm && request.executed > 1,
      `${method} ${id} was executed twice, though nothing went wrong`,
    );
  }

  excuses(id: number, why: string): void {
    const request = this.#requests.get(id);
    if (request !== undefined) request.excuse = why;
  }

  arrives(id: number, hop: number): number {
    const request = this.#requests.get(id);
    if (request === undefined) return 1;
    const { method, comings } = request;
    const count = (comings[hop] ?? 0) + 1;
    comings[hop] = count;
    const isRepeatable = IDEMPOTENT.includes(method);
    this.judges.rules(
      isRepeatable ? "h2: comes twice at most" : "h2: a POST comes once",
      !isRepeatable || count > 1,
      count > (isRepeatable ? 2 : 1),
      () => `${method} ${id} came ${count} times, each of which may have been processed`,
    );
    return count;
  }

  spares(id: number, hop?: number): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    request.spared += 1;
    if (hop !== undefined) request.comings[hop] = (request.comings[hop] ?? 0) - 1;
  }

  disowns(id: number): void {
    this.excuses(id, "disowned");
    const request = this.#requests.get(id);
    if (request !== undefined) request.disowned = true;
  }

  /** A FIN that crosses a request, or that is read after it was sent, may cost that request its answer. */
  endsUnused(prng: Prng): { readonly how: UnusedEnd; readonly afterMs: number } | undefined {
    const { endOneIn = Infinity, ends = [] } = this.plan.loading ?? {};
    const leftMs = this.#loading?.leftMs ?? 0;
    if (leftMs <= 0 || endOneIn === Infinity || !prng.oneIn(endOneIn)) return undefined;
    const how = prng.pick(ends) ?? "fin";
    const afterMs = grain(leftMs * prng.among(0, 0.2, 0.9, 1));
    const isRead = this.isPunctual && afterMs + 2 * this.latencyMs < leftMs;
    return isRead || !this.plan.isCalm || how === "goaway" || how === "calm" ? { how, afterMs } : undefined;
  }

  takes(id: number): void {
    const request = this.#requests.get(id);
    if (request !== undefined) request.taken = true;
  }

  redirect(id: number, hop: number): string | undefined {
    const hostname = this.#requests.get(id)?.hops[hop];
    return hostname === undefined ? undefined : `${this.plan.scheme}://${hostname}/r/${id}/${hop + 1}`;
  }

  #tries(side: Side, hostname: string): void {
    const origin = `${this.plan.scheme}://${hostname}`;
    side.tried(origin);
    if (this.#loading?.isPending === true && this.#servers.has(hostname)) {
      const { connecting = 0 } = side.pool.stats().origins[origin] ?? {};
      this.judges.rules(
        "h2: one connection waits for the code",
        connecting > 0,
        connecting > 1,
        () => `${connecting} connections to ${origin} wait for the code of HTTP/2`,
      );
    }
    if (this.#kept !== LANE.timer) return;
    this.judges.blames(side.attempts.tried(hostname, this.agenda.clientNow));
  }

  swallowed(hostname: string, id: number): void {
    this.excuses(id, "forgotten");
    const { silences } = this.#requests.get(id)?.side ?? {};
    this.judges.blames(silences?.met(`${this.plan.scheme}://${hostname}`, id, this.agenda.clientNow));
  }

  happened(what: string): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + 1;
  }

  #oldAnswer(path: string, method: string, headers: unknown) {
    void headers;
    const id = Number(path.split("/")[2]);
    this.executes(id, method);
    return { status: 200, headers: { "x-id": String(id) }, body: payload(id, this.lengthOf(id)) };
  }

  // What the pools ask and tell

  get clientNow(): number {
    return this.agenda.clientNow;
  }

  forgetsMs(hostname: string): number {
    return this.#servers.get(hostname)?.plan.forgetsMs ?? Infinity;
  }

  /** A request that follows a redirect is begun by the pool: it may be any of those. */
  doubted(id: number | undefined): void {
    if (id !== undefined) return this.excuses(id, "doubted");
    for (const request of this.#requests.values())
      if (!request.settled && request.hops.length > 0) request.excuse = "doubted";
  }

  retried(reason: string): void {
    this.#retried[reason] = (this.#retried[reason] ?? 0) + 1;
  }

  note(what: string, number: number): void {
    let { length } = what;
    length = Math.imul(this.#hash ^ length ^ number ^ Math.round(this.agenda.now * 64), 0x85ebca6b);
    this.#hash = (length ^ (length >>> 13)) >>> 0;
  }

  // Callers

  async #caller(side: Side): Promise<void> {
    const { plan } = this;
    for (let count = 0; count < plan.requestsEach && this.judges.violation === undefined; count++) {
      if (side.isClosed) break;
      if (plan.pauseMs > 0 && !plan.burst) await this.#pause(this.#prng.below(plan.pauseMs));
      if (plan.burst && count % 5 === 0) await this.#pause(plan.pauseMs * 4);
      await this.#request(side);
    }
    this.#running -= 1;
    if (this.#running === 0) await this.#end();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.agenda.schedule(LANE.client, ms, resolve));
  }

  #draw(side: Side): Request {
    const prng = this.#prng;
    const { plan } = this;
    this.#nextId += 1;
    const method = prng.oneIn(plan.uploadOneIn)
      ? prng.among("POST" as const, "PUT" as const)
      : prng.among("GET" as const, "GET" as const, "POST" as const);
    const uploads = method === "PUT" || (method === "POST" && prng.oneIn(3));
    const request: Request = {
      id: this.#nextId,
      side,
      method,
      length: prng.oneIn(10) ? prng.among(0, 70_000, 20_000) : prng.below(300),
      uploadLength: uploads ? prng.among(0, 10, 500, 500, 20_000, prng.among(20_000, 150_000)) : undefined,
      executed: 0,
      excuse: undefined,
      aborted: false,
      settled: false,
      once: uploads && prng.oneIn(4),
      hops: [],
      spared: 0,
      comings: [],
      disowned: false,
      taken: false,
      isLarge: false,
    };
    this.#drawNewer(request);
    this.#requests.set(request.id, request);
    return request;
  }

  #drawNewer(request: Request): void {
    const { redirectOneIn, largeFieldsOneIn, servers } = this.plan;
    const prng = this.#newer;
    // A stream cannot be sent again.
    if (redirectOneIn < Infinity && prng.oneIn(redirectOneIn) && !request.once)
      request.hops = Array.from({ length: prng.among(1, 1, 2) }, () => prng.pick(servers)?.hostname ?? "");
    if (largeFieldsOneIn < Infinity) request.isLarge = prng.oneIn(largeFieldsOneIn);
  }

  #sleepsMaybe(): void {
    const { sleepOneIn } = this.plan;
    if (sleepOneIn === Infinity || !this.#newer.oneIn(sleepOneIn)) return;
    this.happened("suspended");
    this.agenda.interrupt(this.#newer.among(500, 2000, 60_000, 7_200_000), true);
  }

  /** In a calm world less than a ping waits: what is heard later than that is taken for dead. */
  #lateMaybe(): void {
    const { lateOneIn, isCalm, readsInBatches } = this.plan;
    const prng = this.#newer;
    if (lateOneIn === Infinity || !prng.oneIn(lateOneIn)) return;
    const how = prng.among(...LATENESS);
    const ms = isCalm ? prng.among(5, 60, 200) : prng.among(5, 60, 400, 6000, 70_000);
    if (readsInBatches && how === "stall, then some sockets first") return;
    if (isCalm && this.agenda.now < this.#lateAgainAt) return;
    this.#lateAgainAt = this.agenda.now + 1000;
    this.happened(how);
    beLate(this.agenda, prng, how, ms);
  }

  async #request(side: Side): Promise<void> {
    const request = this.#draw(side);
    const { blockOneIn } = this.plan;
    if (blockOneIn < Infinity && this.#prng.oneIn(blockOneIn)) {
      this.happened("block");
      this.agenda.interrupt(this.#prng.among(5, 60, 400), false);
    }
    this.#sleepsMaybe();
    this.#lateMaybe();
    if (this.#clock.behindMs >= 1) this.happened("request made while the clock stood still");
    try {
      await this.#exchange(request);
    } catch (error) {
      this.#judge(request, error);
    }
    request.settled = true;
    this.#requests.delete(request.id);
    // What a server still does with it is judged, too, for a while.
    this.#requests.set(request.id, request);
    if (this.#requests.size > 5000) {
      for (const [id, old] of this.#requests) {
        if (this.#requests.size <= 2500) break;
        if (old.settled) this.#requests.delete(id);
      }
    }
  }

  async #exchange(request: Request): Promise<void> {
    const prng = this.#prng;
    const { plan } = this;
    const { id, side, method, uploadLength, length } = request;
    const { hostname } = prng.pick(plan.servers) ?? { hostname: "" };
    const aborts = prng.oneIn(plan.abortOneIn);
    const controller = aborts ? new AbortController() : undefined;
    if (controller !== undefined)
      this.agenda.schedule(LANE.client, prng.among(0, 1, 5, 60), () => {
        request.aborted = true;
        controller.abort(new Error("left"));
      });
    const headers: Record<string, string> = { "x-id": String(id) };
    if (uploadLength !== undefined) headers["x-length"] = String(uploadLength);
    if (request.isLarge) headers["x-large"] = "l".repeat(this.#newer.among(500, 1800, 5000, 9000, 30_000));
    const init = {
      method,
      headers,
      ...(uploadLength === undefined
        ? {}
        : { body: request.once ? pieces(id, uploadLength) : payloadBytes(id, uploadLength) }),
      ...(controller === undefined ? {} : { signal: controller.signal }),
    };
    const url = `${plan.scheme}://${hostname}/r/${id}`;
    side.silences.began(`${plan.scheme}://${hostname}`, id);
    side.starting = id;
    const asked = request.hops.length > 0 ? side.pool.fetch(url, init) : side.pool.request(url, init);
    side.starting = undefined;
    const response = await asked;
    side.attempts.heard(hostname, this.agenda.clientNow);
    const { judges } = this;
    const { status } = response;
    judges.rules("h2: status", true, status !== 200, `request ${id} got status ${status}`);
    if (status !== 200) return;
    const named = response.headers.get("x-id");
    judges.rules(
      "h2: answers belong to their requests",
      true,
      named !== String(id),
      `request ${id} got the answer to ${named}`,
    );
    const isSlow = length > 60_000 && prng.oneIn(plan.slowOneIn);
    if (isSlow) {
      this.happened("slow reader");
      await this.#pause(700);
    }
    const body =
      response instanceof Response ? new Uint8Array(await response.arrayBuffer()) : await response.bytes();
    judges.rules(
      "h2: bodies belong to their requests",
      length > 0,
      body.length !== length || !isPayload(id, 0, body),
      `request ${id} got ${body.length} bytes that are not its body of ${length}`,
    );
    judges.rules(
      "h2: what is answered was executed",
      true,
      request.executed === 0,
      `request ${id} was answered and never executed`,
    );
  }

  /** Whether a request may fail that way. */
  #judge(request: Request, error: unknown): void {
    this.#failed += 1;
    this.judges.rules("h2: causes of failures", this.plan.isCalm, false, "");
    const { cause } = error as { cause?: unknown };
    this.#judgeFault(request, request.hops.length > 0 && cause instanceof HoldfastError ? cause : error);
  }

  /**
   * Not processed again and again, as the servers have said as well. A client that is blocked or suspended for longer than the
   * server waits may read a GOAWAY before its request is written: then no server has seen all attempts.
   */
  #wasSpared({ spared, taken }: Request): boolean {
    return spared >= 7 || (!taken && !this.isPunctual);
  }

  #judgeFault(request: Request, error: unknown): void {
    const name = error instanceof HoldfastError ? error.code : String((error as Error)?.message);
    this.#errors[name] = (this.#errors[name] ?? 0) + 1;
    if (request.aborted && name === "left") return;
    const isOwn = error instanceof HoldfastError;
    this.judges.rules(
      "h2: failures are HoldfastErrors",
      true,
      !isOwn,
      () => `request ${request.id} failed with ${error}`,
    );
    if (!isOwn) return;
    this.#judgeSaid(request, error);
    if (this.#isClosings(request, error) || this.#isLoadings(error)) return;
    if (request.excuse !== undefined || request.aborted) return;
    if (request.once && name === "ERR_CONNECTION_LOST") return;
    if (error instanceof ProtocolError && error.side === "local" && error.fault === "head-too-large") {
      this.happened("fields too large");
      return this.judges.rules(
        "h2: only large fields are refused",
        true,
        !request.isLarge,
        `request ${request.id} is refused for its few fields: ${error.message}`,
      );
    }
    if (error.sent === "none" && error.message.endsWith("of 7 attempts") && this.#wasSpared(request)) {
      this.happened("given up after seven times");
      return;
    }
    // A request that met several faults, each of which let it go on, may meet one that does not.
    const { isCalm, options } = this.plan;
    this.judges.rules(
      "h2: causes of failures",
      false,
      isCalm && options.learn !== false,
      () => `${request.method} ${request.id} failed without a cause: ${name}: ${error.message}`,
    );
  }

  /** What has got a 1xx was processed. */
  #judgeSaid({ id, disowned }: Request, { sent, message }: HoldfastError): void {
    this.judges.rules(
      "h2: what got a 1xx was sent",
      disowned,
      disowned && sent === "none",
      `request ${id} is said not to be sent, and had got a 1xx: ${message}`,
    );
  }

  /** The pool of the request was closed while others go on: what ran was given its time, and all else is refused. */
  #isClosings({ side }: Request, { code }: HoldfastError): boolean {
    const isRefused = code === "ERR_POOL_CLOSED";
    this.judges.rules(
      "h2: closed pools refuse",
      isRefused,
      isRefused && !side.isClosing,
      "a pool refuses requests that nobody closed",
    );
    return side.isClosing;
  }

  /** The code of HTTP/2 took too long to load for one connect attempt, or could not be loaded. */
  #isLoadings(error: HoldfastError): boolean {
    const { code, phase, limitMs, cause } = error;
    // The attempt began before its code was asked for.
    if (code === "ERR_CONNECT_TIMEOUT" && (this.#loading?.longestMs ?? 0) > CONNECT_MS / 2) {
      this.judges.rules(
        "h2: phase of a connectTimeout",
        true,
        phase !== "connect" || limitMs !== CONNECT_MS,
        `a connect attempt ran out of time as ${phase} ${limitMs}`,
      );
      this.happened("out of time while code was loaded");
      return true;
    }
    if (this.#loading === undefined || !`${error.message} ${cause}`.includes("could not be loaded"))
      return false;
    this.judges.rules(
      "h2: error of code that cannot be loaded",
      true,
      code !== "ERR_CONNECT",
      `code that cannot be loaded ended a request with ${code}`,
    );
    this.judges.rules(
      "h2: cause of code that cannot be loaded",
      true,
      this.#loading.failed === 0,
      "a request failed by code that was loaded",
    );
    this.happened("code that could not be loaded");
    return true;
  }

  // Closing

  #closesWhileLoading(): void {
    const { ms = 0, close } = this.plan.loading ?? {};
    this.happened("code loaded late");
    if (close === undefined) return;
    this.agenda.schedule(LANE.client, ms * close.after, () => {
      if (this.#loading?.isPending) this.happened("closed while code was loaded");
      for (const side of this.#sides) void this.#closeSide(side, close.timeoutMs);
    });
  }

  /** What the pool had is gone when it is closed, and nothing of the other one is. */
  async #closeSide(side: Side, timeoutMs: number): Promise<void> {
    if (side.isClosing || this.#running === 0) return;
    side.isClosing = true;
    const goesOn = this.#sides.some((other) => !other.isClosing);
    await side.pool.close({ timeout: timeoutMs });
    // A request that no server processed is about to ask for a connection once more, and is refused.
    await new Promise<void>((resolve) => void this.agenda.schedule(LANE.turn, 0, resolve));
    await quiescence();
    side.isClosed = true;
    this.judges.blames(side.left()?.about("after close(): "));
    if (goesOn) this.happened("one of two pools closed");
  }

  // Running

  /** Runs until nothing more will happen. @throws {Http2Violation} */
  async run(): Promise<Seen> {
    const giveBack = this.#loading?.begin();
    try {
      return await this.#runs();
    } finally {
      giveBack?.();
    }
  }

  async #runs(): Promise<Seen> {
    const { callers } = this.plan;
    this.#running = callers;
    for (let at = 0; at < callers; at++)
      void this.#caller(this.#sides[at % this.#sides.length] ?? this.#sides[0]);
    let steps = 0;
    for (let next = this.agenda.next(); next !== undefined; next = this.agenda.next()) {
      this.#kept = next.lane;
      await this.#keep(next);
      steps += 1;
      if (steps % 50 === 0 || (this.#loading?.isPending === true && next.lane !== LANE.timer)) this.#audit();
      if (this.judges.violation !== undefined) break;
      if (this.#closed && this.unsent.size + this.unsent.timers === 0) break;
      this.judges.rules("h2: time goes on", true, steps > 40_000_000, "time stands still");
    }
    await quiescence();
    if (this.judges.violation === undefined) this.#last();
    const { violation } = this.judges;
    if (violation !== undefined)
      throw new Http2Violation(`seed ${this.plan.seed}: ${violation} (at ${this.agenda.now} ms)`);
    const { opened, retired } = sumOf(this.#sides.map(({ pool }) => pool.stats()));
    return {
      requests: this.#nextId,
      failed: this.#failed,
      opened,
      retired,
      retried: this.#retried,
      happened: this.#happened,
      errors: this.#errors,
      cases: this.#cases,
      hash: this.#hash,
    };
  }

  /** One appointment, until every promise has settled. */
  async #keep(next: Appointment): Promise<void> {
    const { lane } = next;
    this.#clock.reached(lane);
    next.keep();
    if (this.plan.readsInBatches && lane === LANE.toClient) tellRestOfBatch(this.agenda);
    if (lane !== LANE.server) await quiescence();
  }

  get #isOnTime(): boolean {
    const { clockStops, blockOneIn, sleepOneIn, lateOneIn } = this.plan;
    return !clockStops && [blockOneIn, sleepOneIn, lateOneIn].every((oneIn) => oneIn === Infinity);
  }

  #audit(): void {
    for (const side of this.#sides) {
      this.judges.blames(side.audit() ?? (this.#isOnTime ? side.overdue(CONNECT_MS + 2) : undefined));
    }
    const open = this.#sides.filter(({ isClosed }) => !isClosed).length;
    const timers = this.agenda.waiting[LANE.timer] - this.unsent.timers;
    this.judges.rules("h2: one timer", timers > 0, timers > open, "a pool has one timer");
  }

  async #end(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.pool.close()));
    for (const server of this.#servers.values()) server.stop();
    for (const side of this.#sides) side.isClosed = true;
    // What comes when nobody waits for it any more must do nothing.
    await this.#loading?.over();
    this.#closed = true;
  }

  #last(): void {
    const { judges } = this;
    const requests = this.#sides.reduce((sum, { running }) => sum + running, 0);
    judges.rules(
      "h2: calls end",
      true,
      !this.#closed,
      `${this.#running} callers wait for ever, and ${requests} requests`,
    );
    for (const side of this.#sides) judges.blames(side.left());
    judges.blames(this.unsent.left());
    const timers = this.agenda.waiting[LANE.timer];
    judges.rules("h2: no timer is left", true, timers !== 0, `${timers} timers are left`);
  }
}

/** The upload of a request as a stream of pieces. */
function pieces(id: number, length: number): ReadableStream<Uint8Array> {
  const bytes = payloadBytes(id, length);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 7000));
      at += 7000;
    },
  });
}
