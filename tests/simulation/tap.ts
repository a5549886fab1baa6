/**
 * Tap: stands between the pool and its transport, and sees every call in both directions. It knows the rules, and
 * reports at once whatever the pool may not do.
 */

import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  Transport,
  TransportError,
} from "../../src/contract/transport.ts";
import { Prng } from "../support/prng.ts";
import { HeldWrites, type HeldWritesWorld } from "./held-writes.ts";
import type { Judges } from "./judges.ts";
import { LateHandler, type LateWorld } from "./late-socket.ts";
import { Link } from "./link.ts";
import { keyOf, OriginFacts } from "./origin-facts.ts";
import { checkHead, keptTooLong, type Terms } from "./reuse-rules.ts";
import type { Trace } from "./trace.ts";

/** What a tap needs from its world. */
export interface TapWorld extends HeldWritesWorld {
  /** The end of a connection is being delivered that was idle during a suspension. Nothing may be learned from it. */
  teachesNothing: boolean;
  readonly trace: Trace;
  readonly terms: Terms;
  /** The client's clock. */
  readonly clientNow: number;
  /** The program was blocked or suspended at some time, so its timers may be late. */
  /** What began later than this, by the client's clock, was never late. */
  readonly calmSince: number;
  /** How often the client's machine was suspended. */
  readonly suspensions: number;
  /** What the sockets of a world need whose kernel takes some writes late; `undefined`: it takes all at once. */
  lateWorld(link: Link): LateWorld | undefined;
  /** Runs `act`. What it schedules is a connect attempt. */
  connecting<T>(act: () => T): T;
  readonly judges: Judges;
  /** A connect attempt begins, and something of the origin comes: a connection or bytes. */
  tries(origin: string): void;
  heard(origin: string): void;
  /** The head of a request was written. */
  wrote(link: Link, method: string, id: number, hop: number): void;
  /** Bytes were delivered for the connection's request. Returns what is wrong with the number of bytes kept. */
  arrived(link: Link, id: number, length: number): void;
  /** The end of a connection was delivered. */
  endDelivered(link: Link): void;
  /** Some of the request's body was written. */
  wroteBody(link: Link): void;
  /** Whether unsolicited bytes have met a request at some time. */
  readonly hasCrossed: boolean;
  /** Unsolicited bytes arrived while a request waited. Nobody can tell them from its response. */
  crossed(link: Link): void;
}

const REQUEST = /^(\S+) \/r\/(\d+)(?:\/(\d+))? /;

/** A transport under observation. */
export class Tap implements Transport {
  readonly name = "memory";
  readonly can: Transport["can"];
  readonly resolve: Transport["resolve"];
  readonly decoder: Transport["decoder"];
  readonly context: Transport["context"];
  /** How many connect attempts were made. */
  connectAttempts = 0;
  /** How many connections are open or being opened. */
  open = 0;
  readonly links: Map<number, Link> = new Map();
  readonly originFacts: Map<string, OriginFacts> = new Map();
  /** Connections whose sockets callers have, and that are open. */
  readonly handedOver: Set<Link> = new Set();
  /** There was one. */
  everHandedOver = false;
  readonly #inner: Transport;
  readonly #world: TapWorld;

  constructor(
    inner: Transport,
    world: TapWorld,
    { decoder, context }: Pick<Transport, "decoder" | "context">,
  ) {
    this.#inner = inner;
    this.#world = world;
    this.decoder = decoder;
    this.context = context;
    this.can = inner.can;
    this.resolve = inner.resolve;
  }

  /** The link of a connection. The first call makes it. */
  link(id: number, target: Target): Link {
    let link = this.links.get(id);
    if (link === undefined) {
      link = new Link(
        id,
        this.factsOf(keyOf(target.hostname, target.halfOpen === true)),
        this.#world.clientNow,
        new Prng(id ^ this.#world.seed),
      );
      link.suspensions = this.#world.suspensions;
      link.address = target.address;
      this.links.set(id, link);
    }
    return link;
  }

  factsOf(key: string): OriginFacts {
    let facts = this.originFacts.get(key);
    if (facts === undefined) {
      facts = new OriginFacts(key);
      this.originFacts.set(key, facts);
    }
    return facts;
  }

  async connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const world = this.#world;
    const facts = this.factsOf(keyOf(target.hostname, target.halfOpen === true));
    world.trace.note("connect", this.connectAttempts, 0, target.hostname);
    this.connectAttempts += 1;
    world.tries(facts.key);
    this.#count(facts, 1);
    let counted = true;
    const uncount = (): void => {
      if (counted) this.#count(facts, -1);
      counted = false;
    };
    const gone = (): void => {
      uncount();
      if (tapped.link !== undefined) this.handedOver.delete(tapped.link);
    };
    const handOver = (link: Link): void => {
      uncount();
      link.handedOver = true;
      this.everHandedOver = true;
      this.handedOver.add(link);
    };
    const tapped: TappedHandler = new TappedHandler(handler, world, gone);
    signal.addEventListener("abort", gone);
    try {
      const late = new LateHandler(tapped);
      const bare = await world.connecting(() => this.#inner.connect(target, late, signal));
      const link = this.link(bare.localPort ?? 0, target);
      const lateWorld = world.lateWorld(link);
      const socket = lateWorld === undefined ? bare : late.over(bare, lateWorld);
      tapped.link = link;
      world.heard(facts.key);
      world.trace.note("open", link.id, 0, target.hostname);
      // Until the pool has heard of it, it may give it up.
      queueMicrotask(() => queueMicrotask(() => signal.removeEventListener("abort", gone)));
      tapped.writes = new HeldWrites(world, link, socket);
      return new TappedSocket(socket, link, tapped, world, { gone, handOver });
    } catch (error) {
      world.trace.note("connect fails");
      gone();
      signal.removeEventListener("abort", gone);
      throw error;
    }
  }

  #count(facts: OriginFacts, change: 1 | -1): void {
    facts.open += change;
    this.open += change;
    const { terms, judges } = this.#world;
    const { maxConnections, maxConnectionsPerOrigin } = terms;
    judges.rules(
      "maxConnections",
      this.open >= maxConnections,
      this.open > maxConnections,
      () => `${this.open} connections exceed maxConnections`,
    );
    judges.rules(
      "maxConnectionsPerOrigin",
      facts.open >= maxConnectionsPerOrigin,
      facts.open > maxConnectionsPerOrigin,
      () => `${facts.open} connections to ${facts.key} exceed maxConnectionsPerOrigin`,
    );
  }
}

/** What arrives from the transport. */
class TappedHandler implements SocketHandler {
  link: Link | undefined = undefined;
  writes: HeldWrites | undefined = undefined;
  inner: SocketHandler;
  readonly #world: TapWorld;
  readonly #gone: () => void;

  constructor(inner: SocketHandler, world: TapWorld, gone: () => void) {
    this.inner = inner;
    this.#world = world;
    this.#gone = gone;
  }

  data(bytes: Uint8Array, length: number): void {
    const { link } = this;
    this.#world.judges.rules(
      "bytes come on open connections",
      true,
      link === undefined,
      "bytes were delivered before the connection was open",
    );
    if (link === undefined) return;
    link.delivered += length;
    link.deliveredAt = this.#world.agenda.now;
    this.#world.trace.note("deliver", link.id, length);
    this.#world.heard(link.originFacts.key);
    this.writes?.heard(this.inner, false);
    if (link.closed) return;
    if (link.request === 0) link.spent ??= "bytes came while it was idle";
    else if (link.idleMs > link.originFacts.workedMs) link.originFacts.workedMs = link.idleMs;
    const carried = link.request;
    this.#applyMarks(link);
    this.inner.data(bytes, length);
    if (carried !== 0) this.#world.arrived(link, carried, length);
  }

  drain(): void {
    if (this.link !== undefined) this.link.bodyMovedAt = this.#world.clientNow;
    this.inner.drain();
  }

  closed(error: TransportError | undefined): void {
    const { link } = this;
    if (link !== undefined) {
      this.#world.endDelivered(link);
      link.ended = true;
    }
    this.#world.trace.note("end delivered", link?.id, error === undefined ? 0 : 1, error?.reason);
    this.#gone();
    this.writes?.heard(this.inner, true, error);
    if (link?.closed === true) return;
    const slept = link?.parked === true && link.suspensions !== this.#world.suspensions;
    this.#world.teachesNothing = slept;
    this.#world.judges.rules("a suspension teaches nothing", slept, false, "");
    this.inner.closed(error);
    this.#world.teachesNothing = false;
  }

  /** Nobody can tell unsolicited bytes from the response, unless they came before the request. */
  #cross(link: Link, arrivesAt: number): void {
    const earlyMs = link.wroteAt - arrivesAt;
    const { deaf } = this.#world.agenda;
    // No turn of the event loop would have shown them.
    const unheard = link.wroteAt >= deaf.from && link.wroteAt < deaf.until;
    const isJudged = arrivesAt > link.seenAt && !link.crossed && !unheard;
    this.#world.judges.rules(
      "written after unsolicited bytes",
      isJudged,
      isJudged && earlyMs > 1,
      () =>
        `request ${link.request} was written on connection ${link.id}, ${earlyMs} ms after unsolicited bytes had come`,
    );
    this.#world.crossed(link);
  }

  #applyMarks(link: Link): void {
    for (let mark = link.marks[0]; mark !== undefined && mark.at <= link.delivered; mark = link.marks[0]) {
      link.marks.shift();
      if (mark.kind === "stray") {
        if (link.request !== 0) this.#cross(link, mark.arrivesAt ?? Infinity);
        else link.spent ??= "the server sent unsolicited bytes";
        continue;
      }
      link.request = 0;
      link.hintMs = mark.hintMs;
      link.left = mark.left;
      if (mark.last) link.spent ??= "the server's last response ended it";
    }
  }
}

/** How a connection leaves the pool. */
interface Leaving {
  gone(): void;
  handOver(link: Link): void;
}

/** What the pool does to its socket. */
class TappedSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localPort: number | undefined;
  readonly #inner: Socket;
  readonly #link: Link;
  readonly #handler: TappedHandler;
  readonly #world: TapWorld;
  readonly #leaving: Leaving;

  constructor(inner: Socket, link: Link, handler: TappedHandler, world: TapWorld, leaving: Leaving) {
    this.#inner = inner;
    this.#link = link;
    this.#handler = handler;
    this.#world = world;
    this.#leaving = leaving;
    this.applied = inner.applied;
    this.remoteAddress = inner.remoteAddress;
    this.remotePort = inner.remotePort;
    this.localPort = inner.localPort;
  }

  get allWritten(): boolean | undefined {
    return this.#inner.allWritten;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    const link = this.#link;
    const { writes } = this.#handler;
    this.#world.trace.note("write", link.id, head.length + (body?.length ?? 0));
    this.#world.judges.rules(
      "nothing is written after the end of a connection",
      true,
      link.ended || link.closed,
      () => `connection ${link.id} was written on after its end`,
    );
    if (!link.handedOver) this.#wrote(link, head, body, tail);
    return writes?.write(head, body, tail) ?? true;
  }

  #wrote(
    link: Link,
    head: string | Uint8Array,
    body: Uint8Array | undefined,
    tail: string | undefined,
  ): void {
    // Text without a tail is a head: bodies are bytes, and the framing of a chunk has a tail, but not that of the last one.
    if (typeof head === "string" && tail === undefined && !head.startsWith("0\r\n"))
      this.#wroteHead(link, head, body);
    else this.#wroteBody(link, typeof head === "string" ? (body?.length ?? 0) : head.length);
  }

  #wroteBody(link: Link, length: number): void {
    link.bodyWritten += length;
    link.bodyMovedAt = this.#world.clientNow;
    this.#world.wroteBody(link);
  }

  #wroteHead(link: Link, head: string, body: Uint8Array | undefined): void {
    const parts = REQUEST.exec(head);
    if (parts === null) return this.#wroteNonsense(link, head);
    this.#world.judges.rules("what is written is a request", true, false, "");
    const [, method = "", id, hop] = parts;
    link.requests += 1;
    link.used = true;
    const asksClose = head.includes("\r\nconnection: close\r\n");
    const keyed = head.includes("\r\nidempotency-key: ");
    const upgrade = head.includes("\r\nconnection: upgrade\r\n");
    const broken = checkHead(
      link,
      { method, keyed, asksClose, upgrade, now: this.#world.clientNow },
      this.#world.terms,
      this.#world.judges,
    );
    this.#world.judges.blames(broken?.about(`request ${id} on connection ${link.id}: `));
    if (asksClose) link.spent ??= "the request before said that it was the last";
    link.spent ??= link.spentNext;
    link.request = Number(id);
    link.requestFrom = link.delivered;
    link.wroteAt = this.#world.agenda.now;
    link.seenAt = link.deliveredAt;
    link.bodyWritten = body?.length ?? 0;
    link.bodyMovedAt = this.#world.clientNow;
    link.sentAt =
      body !== undefined || !/^(content-length|transfer-encoding): /m.test(head)
        ? this.#world.clientNow
        : undefined;
    this.#world.wrote(link, method, Number(id), Number(hop ?? 0));
  }

  /** The redirect may combine two responses, if unsolicited bytes misplaced one of them. */
  #wroteNonsense(link: Link, head: string): void {
    const { hasCrossed, judges } = this.#world;
    if (hasCrossed) link.crossed = true;
    judges.rules(
      "what is written is a request",
      false,
      !hasCrossed,
      () => `what was written is no request: ${head.slice(0, 40)}`,
    );
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  ref(active: boolean, idle?: boolean): void {
    // While a response is under way, a reader that comes or leaves neither takes nor parks the connection.
    if (idle === undefined) return this.#inner.ref(active);
    const link = this.#link;
    const now = this.#world.clientNow;
    this.#world.trace.note(active ? "taken" : "parked", link.id);
    if (active) {
      link.idleMs = link.parked ? now - link.idleSince : 0;
      link.learnedMs = link.originFacts.learnedMs;
      link.suspensionsWhenTaken = this.#world.suspensions;
    } else if (link.used) {
      link.idleSince = now;
      link.suspensions = this.#world.suspensions;
    }
    if (!active) link.used = false;
    link.parked = !active;
    this.#inner.ref(active, idle);
  }

  setHandler(handler: SocketHandler): void {
    this.#handler.inner = handler;
    // The pool itself sets a handler before the first request.
    if (this.#link.requests > 0) this.#leaving.handOver(this.#link);
  }

  close(): void {
    this.#left("closed by pool");
    this.#handler.writes?.flush();
    this.#world.outward(this.#link, () => this.#inner.close());
  }

  abort(): void {
    this.#left("aborted by pool");
    this.#handler.writes?.drop();
    this.#world.outward(this.#link, () => this.#inner.abort());
  }

  #left(how: "closed by pool" | "aborted by pool"): void {
    const link = this.#link;
    if (!link.closed) {
      this.#world.trace.note(how, link.id);
      const { calmSince, clientNow, terms, judges } = this.#world;
      const isJudged = link.idleSince > calmSince && !link.handedOver;
      const late = isJudged ? keptTooLong(link, clientNow, terms, judges) : undefined;
      judges.blames(late?.about(`connection ${link.id} was kept too long: `));
    }
    link.closed = true;
    this.#leaving.gone();
  }

  startTls(): Promise<Socket> {
    return Promise.reject(new Error("The simulation speaks no TLS"));
  }
}
