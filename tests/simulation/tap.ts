/**
 * Tap: stands between the pool and its transport, sees every call in both directions, and knows the rules. What the
 * pool may not do, it reports at the moment it is done.
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
import type { Agenda } from "./agenda.ts";
import { Link } from "./link.ts";
import { OriginLore } from "./origin-lore.ts";
import { checkHead, keptTooLong, type Terms } from "./reuse-rules.ts";
import type { Trace } from "./trace.ts";

/** What a tap needs of its world. */
export interface TapWorld {
  /** The end of a connection that slept is being delivered. */
  teachesNothing: boolean;
  readonly trace: Trace;
  readonly terms: Terms;
  /** The client's clock. */
  readonly clientNow: number;
  /** The program was blocked, or asleep, at some time: then its timers may be late. */
  readonly isHeld: boolean;
  /** How often the client's machine was suspended. */
  readonly nights: number;
  readonly seed: number;
  readonly agenda: Agenda;
  /** Runs `act`, in which what is sent goes to the server. */
  outward<T>(link: Link, act: () => T): T;
  /** Runs `act`, in which what is scheduled is a dial. */
  dialling<T>(act: () => T): T;
  fail(what: string): void;
  /** The head of a request was written. */
  wrote(link: Link, method: string, id: number, hop: number): void;
  /** Bytes were delivered for the request that the connection carries; answers what is wrong with how many are kept. */
  arrived(link: Link, id: number, length: number): void;
  /** The end of a connection was delivered. */
  endDelivered(link: Link): void;
  /** Some of its body was. */
  wroteBody(link: Link): void;
  /** Whether that has happened. */
  readonly hasCrossed: boolean;
  /** Bytes nobody asked for arrived while a request waited: nobody can tell them from its response. */
  crossed(link: Link): void;
}

const REQUEST = /^(\S+) \/r\/(\d+)(?:\/(\d+))? /;

/** A transport that is watched. */
export class Tap implements Transport {
  readonly name = "memory";
  readonly can: Transport["can"];
  readonly resolve: Transport["resolve"];
  readonly decoder: Transport["decoder"];
  readonly context: Transport["context"];
  /** Attempts to connect. */
  dialled = 0;
  /** Connections open or being opened. */
  open = 0;
  readonly links: Map<number, Link> = new Map();
  readonly lores: Map<string, OriginLore> = new Map();
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

  /** The link of a connection; made by the first who asks. */
  link(id: number, target: Target): Link {
    let link = this.links.get(id);
    if (link === undefined) {
      link = new Link(id, this.lore(target.hostname), this.#world.clientNow, new Prng(id ^ this.#world.seed));
      link.nights = this.#world.nights;
      link.address = target.address;
      this.links.set(id, link);
    }
    return link;
  }

  lore(hostname: string): OriginLore {
    let lore = this.lores.get(hostname);
    if (lore === undefined) {
      lore = new OriginLore(`http://${hostname}`);
      this.lores.set(hostname, lore);
    }
    return lore;
  }

  async connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const world = this.#world;
    const lore = this.lore(target.hostname);
    world.trace.note("dial", this.dialled, 0, target.hostname);
    this.dialled += 1;
    this.#count(lore, 1);
    let counted = true;
    const gone = (): void => {
      if (counted) this.#count(lore, -1);
      counted = false;
    };
    signal.addEventListener("abort", gone);
    const tapped = new TappedHandler(handler, world, gone);
    try {
      const socket = await world.dialling(() => this.#inner.connect(target, tapped, signal));
      const link = this.link(socket.localPort ?? 0, target);
      tapped.link = link;
      world.trace.note("open", link.id, 0, target.hostname);
      return new TappedSocket(socket, link, tapped, world, gone);
    } catch (error) {
      world.trace.note("dial fails");
      gone();
      throw error;
    } finally {
      signal.removeEventListener("abort", gone);
    }
  }

  #count(lore: OriginLore, change: 1 | -1): void {
    lore.open += change;
    this.open += change;
    const { maxConnections, maxConnectionsPerOrigin } = this.#world.terms;
    if (this.open > maxConnections) this.#world.fail(`${this.open} connections exceed maxConnections`);
    if (lore.open > maxConnectionsPerOrigin)
      this.#world.fail(`${lore.open} connections to ${lore.key} exceed maxConnectionsPerOrigin`);
  }
}

/** What arrives. */
class TappedHandler implements SocketHandler {
  link: Link | undefined = undefined;
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
    if (link === undefined) return this.#world.fail("bytes were delivered before the connection was open");
    link.delivered += length;
    link.deliveredAt = this.#world.agenda.now;
    this.#world.trace.note("deliver", link.id, length);
    if (link.request === 0) link.spent ??= "bytes came while it was idle";
    else if (link.idleMs > link.lore.workedMs) link.lore.workedMs = link.idleMs;
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
    const slept = link?.parked === true && link.nights !== this.#world.nights;
    this.#world.teachesNothing = slept;
    this.inner.closed(error);
    this.#world.teachesNothing = false;
  }

  /** Nobody can tell them from the response, unless they were there before the request. */
  #cross(link: Link, arrivesAt: number): void {
    const earlyMs = link.wroteAt - arrivesAt;
    if (earlyMs > 1 && arrivesAt > link.seenAt && !link.crossed)
      this.#world.fail(
        `request ${link.request} was written on connection ${link.id}, ${earlyMs} ms after bytes had come that nobody had asked for`,
      );
    this.#world.crossed(link);
  }

  #applyMarks(link: Link): void {
    for (let mark = link.marks[0]; mark !== undefined && mark.at <= link.delivered; mark = link.marks[0]) {
      link.marks.shift();
      if (mark.kind === "stray") {
        if (link.request !== 0) this.#cross(link, mark.arrivesAt ?? Infinity);
        else link.spent ??= "the server sent what nobody had asked for";
        continue;
      }
      link.request = 0;
      link.hintMs = mark.hintMs;
      link.left = mark.left;
      if (mark.last) link.spent ??= "the server's last response said so";
    }
  }
}

/** What the pool does. */
class TappedSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localPort: number | undefined;
  readonly #inner: Socket;
  readonly #link: Link;
  readonly #handler: TappedHandler;
  readonly #world: TapWorld;
  readonly #gone: () => void;

  constructor(inner: Socket, link: Link, handler: TappedHandler, world: TapWorld, gone: () => void) {
    this.#inner = inner;
    this.#link = link;
    this.#handler = handler;
    this.#world = world;
    this.#gone = gone;
    this.applied = inner.applied;
    this.remoteAddress = inner.remoteAddress;
    this.remotePort = inner.remotePort;
    this.localPort = inner.localPort;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    const link = this.#link;
    this.#world.trace.note("write", link.id, head.length + (body?.length ?? 0));
    if (link.ended || link.closed) this.#world.fail(`connection ${link.id} was written on after its end`);
    // Text without a tail is a head: bodies are bytes, and the frame of a chunk has a tail.
    if (typeof head === "string" && tail === undefined) this.#wroteHead(link, head, body);
    else this.#wroteBody(link, typeof head === "string" ? (body?.length ?? 0) : head.length);
    return this.#world.outward(this.#link, () => this.#inner.write(head, body, tail));
  }

  #wroteBody(link: Link, length: number): void {
    link.bodyWritten += length;
    link.bodyMovedAt = this.#world.clientNow;
    this.#world.wroteBody(link);
  }

  #wroteHead(link: Link, head: string, body: Uint8Array | undefined): void {
    const parts = REQUEST.exec(head);
    if (parts === null) return this.#wroteNonsense(link, head);
    const [, method = "", id, hop] = parts;
    link.requests += 1;
    link.used = true;
    const asksClose = head.includes("\r\nconnection: close\r\n");
    const keyed = head.includes("\r\nidempotency-key: ");
    const broken = checkHead(
      link,
      { method, keyed, asksClose, now: this.#world.clientNow },
      this.#world.terms,
    );
    if (broken !== undefined) this.#world.fail(`request ${id} on connection ${link.id}: ${broken}`);
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

  /** The redirect may have been made up of two responses, where a crossing put one in the place of the other. */
  #wroteNonsense(link: Link, head: string): void {
    if (this.#world.hasCrossed) link.crossed = true;
    else this.#world.fail(`what was written is no request: ${head.slice(0, 40)}`);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  ref(held: boolean, idle?: boolean): void {
    // A reader who comes or has not come yet takes nothing and parks nothing.
    if (idle === undefined) return this.#inner.ref(held);
    const link = this.#link;
    const now = this.#world.clientNow;
    this.#world.trace.note(held ? "taken" : "parked", link.id);
    if (held) {
      link.idleMs = link.parked ? now - link.idleSince : 0;
      link.learnedMs = link.lore.learnedMs;
      link.takenNights = this.#world.nights;
    } else if (link.used) {
      link.idleSince = now;
      link.nights = this.#world.nights;
    }
    if (!held) link.used = false;
    link.parked = !held;
    this.#inner.ref(held, idle);
  }

  setHandler(handler: SocketHandler): void {
    this.#handler.inner = handler;
  }

  close(): void {
    this.#left("closed by pool");
    this.#world.outward(this.#link, () => this.#inner.close());
  }

  abort(): void {
    this.#left("aborted by pool");
    this.#world.outward(this.#link, () => this.#inner.abort());
  }

  #left(how: "closed by pool" | "aborted by pool"): void {
    const link = this.#link;
    if (!link.closed) {
      this.#world.trace.note(how, link.id);
      const late = this.#world.isHeld
        ? undefined
        : keptTooLong(link, this.#world.clientNow, this.#world.terms);
      if (late !== undefined) this.#world.fail(`connection ${link.id} was kept too long: ${late}`);
    }
    link.closed = true;
    this.#gone();
  }

  startTls(): Promise<Socket> {
    return Promise.reject(new Error("The simulation speaks no TLS"));
  }
}
