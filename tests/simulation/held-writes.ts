/**
 * Held writes: what a transport does that writes small requests together (`transports/write-batch.ts`). Text by itself may
 * wait until the turn of the event loop ends, or for longer. If the connection speaks first, it is dropped, and its owner is told.
 */

import type { Socket, SocketHandler, TransportError } from "../../src/contract/transport.ts";
import { Prng } from "../support/prng.ts";
import { type Agenda, type Appointment, LANE } from "./agenda.ts";
import type { Happening } from "./dimensions.ts";
import type { Link } from "./link.ts";

/** What they need from their world. */
export interface HeldWritesWorld {
  readonly agenda: Agenda;
  readonly seed: number;
  /** One in so many is held; `Infinity` for none. */
  readonly holdOneIn: number;
  /** How long a turn of the event loop takes. */
  readonly turnMs: number;
  /** Runs `act`. What it sends goes to the server. */
  outward<T>(link: Link, act: () => T): T;
  happened(what: Happening): void;
  /** The request that was written last was not sent. */
  unwrote(link: Link): void;
}

/** The writes of one socket. */
export class HeldWrites {
  readonly #world: HeldWritesWorld;
  readonly #link: Link;
  readonly #socket: Socket;
  /** Each connection has its own generator, so that others do not influence it. */
  readonly #prng: Prng;
  #held: string | undefined;
  #flush: Appointment | undefined;

  constructor(world: HeldWritesWorld, link: Link, socket: Socket) {
    this.#world = world;
    this.#link = link;
    this.#socket = socket;
    this.#prng = new Prng(Math.imul(link.id, 0x27d4_eb2f) ^ world.seed ^ 0x4e1d);
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    this.flush();
    if (typeof head === "string" && body === undefined && this.#holds(head)) return true;
    return this.#world.outward(this.#link, () => this.#socket.write(head, body, tail));
  }

  #holds(text: string): boolean {
    const { agenda, holdOneIn, turnMs } = this.#world;
    if (holdOneIn === Infinity || !this.#prng.oneIn(holdOneIn)) return false;
    const longer = this.#prng.among(0, 0, 0.5, 3, 20);
    this.#world.happened(longer === 0 ? "write held until the turn ends" : "write held for longer");
    this.#held = text;
    this.#flush = agenda.schedule(LANE.turn, turnMs + longer, () => this.flush());
    return true;
  }

  /** Writes what is held. */
  flush(): void {
    const held = this.#take();
    if (held !== undefined) this.#world.outward(this.#link, () => this.#socket.write(held));
  }

  /** It is never written. */
  drop(): void {
    this.#take();
  }

  /** Bytes or the end came, which are no answer to what was not sent. */
  heard(handler: SocketHandler, ended: boolean, error?: TransportError): void {
    if (this.#held === undefined) return;
    if (handler.writeDropped === undefined) return this.flush();
    this.#take();
    this.#world.happened("held write dropped");
    this.#world.unwrote(this.#link);
    handler.writeDropped(ended, error);
  }

  #take(): string | undefined {
    const held = this.#held;
    this.#held = undefined;
    this.#flush?.cancel();
    this.#flush = undefined;
    return held;
  }
}
