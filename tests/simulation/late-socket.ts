/**
 * Late socket: a socket whose kernel takes bytes late. Until then it holds the buffers that it was given. By the contract it says so; in
 * worlds where it does not, a short write counts as taken all the same. When it is closed it sends what waits first, as no runtime limits
 * the time for that.
 */

import type { AppliedOptions, Socket, SocketHandler, TransportError } from "../../src/contract/transport.ts";
import { type Agenda, LANE } from "./agenda.ts";
import type { Unsent } from "./unsent.ts";

/** What happens to late sockets. */
export const LATE = [
  "buffer held by a socket",
  "closed with unsent bytes",
  "dropped with unsent bytes",
] as const;

/** What a late socket needs from its world. */
export interface LateWorld {
  readonly agenda: Agenda;
  readonly unsent: Unsent;
  /** How long the kernel does not take what is written now; 0: it takes it at once. */
  lateMs(): number;
  /** Whether a write says that its buffers are held. Without it, a protocol must copy what it writes from buffers of its own. */
  readonly tellsHeld: boolean;
  /** Runs `act`. What it sends goes to the server. */
  outward<T>(act: () => T): T;
  happened(what: (typeof LATE)[number]): void;
}

/** Writes that are longer together do not count as taken: the high-water mark of Node's sockets. */
const COUNTS_AS_TAKEN = 65_536;

/** One write: the arguments as they are, and copies for what the owner transfers: a kernel's view of that stays. */
interface Held {
  readonly given: Given;
  readonly copied: Given;
}

type Given = readonly [head: string | Uint8Array, body: Uint8Array | undefined, tail: string | undefined];

/** Between a late socket and its owner: who has closed it hears no more of it. */
export class LateHandler implements SocketHandler {
  #owner: SocketHandler;
  #socket: LateSocket | undefined;

  constructor(owner: SocketHandler) {
    this.#owner = owner;
  }

  /** The late socket around the one that is open now. */
  over(inner: Socket, world: LateWorld): LateSocket {
    this.#socket = new LateSocket(inner, world, this);
    return this.#socket;
  }

  set owner(owner: SocketHandler) {
    this.#owner = owner;
  }

  get #isHeard(): boolean {
    return this.#socket === undefined || this.#socket.isOpen;
  }

  data(bytes: Uint8Array, length: number, more?: boolean): void {
    if (this.#isHeard) this.#owner.data(bytes, length, more);
  }

  drain(): void {
    if (this.#socket === undefined) this.#owner.drain();
    else this.#socket.roomAgain();
  }

  /** The kernel has taken everything. */
  drained(): void {
    this.#owner.drain();
  }

  closed(error: TransportError | undefined): void {
    const isHeard = this.#isHeard;
    this.#socket?.ended();
    if (isHeard) this.#owner.closed(error);
  }
}

/** A socket of one connection. */
class LateSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localPort: number | undefined;
  readonly #inner: Socket;
  readonly #world: LateWorld;
  readonly #handler: LateHandler;
  #held: Held[] = [];
  #length = 0;
  /** The kernel has room for nothing. */
  #isFull = false;
  #awaitsDrain = false;
  #state: "open" | "closing" | "over" = "open";

  constructor(inner: Socket, world: LateWorld, handler: LateHandler) {
    this.#inner = inner;
    this.#world = world;
    this.#handler = handler;
    this.applied = inner.applied;
    this.alpn = inner.alpn;
    this.remoteAddress = inner.remoteAddress;
    this.remotePort = inner.remotePort;
    this.localPort = inner.localPort;
  }

  /** Whether its owner may be told anything. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  get allWritten(): boolean {
    return this.#held.length === 0 && !this.#isFull;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    if (this.#state !== "open") return true;
    const given: Given = [head, body, tail];
    const isFirst = this.allWritten;
    const lateMs = isFirst ? this.#world.lateMs() : 0;
    if (isFirst && lateMs === 0) {
      this.#put(given);
      this.#awaitsDrain = this.#isFull;
      return !this.#isFull;
    }
    const copied: Given = [copyOf(head), body && copyOf(body), tail];
    // Behind other bytes, Node's socket is given copies.
    this.#held.push({ given: isFirst ? given : copied, copied });
    this.#length += head.length + (body?.length ?? 0) + (tail?.length ?? 0);
    if (isFirst) this.#takeLater(lateMs);
    this.#awaitsDrain ||= this.#length > COUNTS_AS_TAKEN || (isFirst && this.#world.tellsHeld);
    return !this.#awaitsDrain;
  }

  #takeLater(lateMs: number): void {
    this.#world.happened("buffer held by a socket");
    this.#world.agenda.schedule(LANE.turn, lateMs, () => this.#take());
  }

  /** The kernel takes what it has room for. */
  #take(): void {
    while (!this.#isFull && this.#state !== "over") {
      const next = this.#held.shift();
      if (next === undefined) return this.#sentAll();
      const { given, copied } = next;
      this.#put(given.every((piece, at) => piece?.length === copied[at]?.length) ? given : copied);
    }
  }

  #put([head, body, tail]: Given): void {
    this.#isFull = !this.#world.outward(() => this.#inner.write(head, body, tail));
  }

  #sentAll(): void {
    this.#length = 0;
    if (this.#state === "closing") return this.#leave(() => this.#inner.close());
    if (!this.#awaitsDrain) return;
    this.#awaitsDrain = false;
    this.#handler.drained();
  }

  /** The kernel has room again. */
  roomAgain(): void {
    this.#isFull = false;
    this.#take();
  }

  /** The peer has ended the connection. */
  ended(): void {
    this.#leave(() => {});
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  ref(active: boolean, idle?: boolean): void {
    this.#inner.ref(active, idle);
  }

  setHandler(handler: SocketHandler): void {
    this.#handler.owner = handler;
  }

  close(): void {
    if (this.#state !== "open") return;
    if (this.allWritten) return this.#leave(() => this.#inner.close());
    this.#state = "closing";
    this.#world.happened("closed with unsent bytes");
    this.#world.unsent.closes(this);
  }

  abort(): void {
    if (this.#state === "over") return;
    if (this.#state === "closing") this.#world.happened("dropped with unsent bytes");
    this.#leave(() => this.#inner.abort());
  }

  #leave(how: () => void): void {
    this.#state = "over";
    this.#held = [];
    this.#isFull = false;
    this.#world.unsent.over(this);
    this.#world.outward(how);
  }

  startTls(): Promise<Socket> {
    return Promise.reject(new Error("The simulation speaks no TLS"));
  }
}

function copyOf<T extends string | Uint8Array>(piece: T): T {
  return (typeof piece === "string" ? piece : new Uint8Array(piece)) as T;
}
