/**
 * Both ends of a connection in memory: the {@linkcode MemoryPeer} that a test drives, and the socket that the pool uses.
 * Bytes arrive in order in each direction.
 */

import type { AppliedOptions, Socket, SocketHandler, Target, TlsTarget } from "../src/contract/transport.ts";
import { concat, latin1Bytes, latin1Text } from "./latin1.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { TransportError } from "./transport-error.ts";

/** The state of a connection: open, or which side ended it and how. */
export type MemoryPeerState =
  | "open"
  /** The peer sent FIN. */
  | "ended"
  /** The peer sent RST. */
  | "reset"
  /** The pool closed it: FIN. */
  | "closed"
  /** The pool dropped it: RST. */
  | "aborted";

/** The remote end of one connection, as a test sees it. */
export interface MemoryPeer {
  /** 1 for the first connection of the transport. */
  readonly id: number;
  /** The target of the connect attempt. */
  readonly target: Target;
  /** The TLS in use, including TLS that began by `startTls`. `undefined`: plain text. */
  readonly tls: TlsTarget | undefined;
  /** Whether the connection is open, and how it ended. */
  readonly state: MemoryPeerState;
  /** All bytes read so far. */
  readonly received: Uint8Array;
  /** The same as text, one character per byte. */
  readonly receivedText: string;
  /** Bytes that the pool wrote and the peer has not read yet; see {@linkcode MemoryPeer.stopReading}. */
  readonly unread: number;
  /** Whether the pool has paused the socket. */
  readonly paused: boolean;
  /** Whether the pool's socket would keep a process alive. */
  readonly hasRef: boolean;
  /** Sends bytes. A string has one byte per character. Ignored if the connection is not open. */
  send(bytes: Uint8Array | string): void;
  /** Sends FIN, after everything sent before, and stops reading. */
  end(): void;
  /** Sends RST, after everything sent before, and stops reading. */
  reset(): void;
  /** Stops reading. Beyond the window, the pool's `write` returns `false`. */
  stopReading(): void;
  /** Reads on, beginning with the bytes that wait. */
  startReading(): void;
  /** Calls back for every piece read. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Calls back once when the pool closes or aborts the connection. Not called after the peer's own `end` or `reset`. */
  onClosed(listener: (state: "closed" | "aborted") => void): void;
}

/** Runs a callback later: in a microtask, after a delay, or when the test says so. */
export type Deliver = (callback: () => void) => void;

/** Options of {@linkcode memoryLink}. */
export interface LinkOptions {
  readonly id: number;
  readonly target: Target;
  readonly handler: SocketHandler;
  /** Bytes that may wait at the peer before `write` returns `false`. */
  readonly window: number;
  /** The protocol that the peer chooses, if ALPN offers it. */
  readonly alpn: string;
  readonly deliver: Deliver;
  /** Rejects if the peer refuses TLS. */
  readonly secure: (tls: TlsTarget, signal: AbortSignal) => Promise<void>;
}

/** One direction. Everything arrives in the order sent, even if the scheduler reorders events of equal time. */
class Direction {
  private readonly deliver: Deliver;
  private waiting: (() => void)[] = [];
  /** How many of them have arrived. They leave many at a time: to take each from the front would cost the square of their number. */
  private arrived = 0;

  constructor(deliver: Deliver) {
    this.deliver = deliver;
  }

  send(arrive: () => void): void {
    this.waiting.push(arrive);
    this.deliver(() => this.next());
  }

  /** Drops everything that has not arrived yet. */
  clear(): void {
    this.waiting = [];
    this.arrived = 0;
  }

  private next(): void {
    const arrive = this.waiting[this.arrived];
    if (arrive === undefined) return;
    this.arrived += 1;
    if (2 * this.arrived >= this.waiting.length + 32) this.forget();
    arrive();
  }

  /** Costs as much as what it forgets has cost. */
  private forget(): void {
    this.waiting = this.waiting.slice(this.arrived);
    this.arrived = 0;
  }
}

/** The remote end, and the state that both ends share. */
class Peer implements MemoryPeer {
  readonly id: number;
  readonly target: Target;
  readonly receiveQueue: ReceiveQueue;
  readonly window: number;
  tls: TlsTarget | undefined;
  state: MemoryPeerState = "open";
  hasRef = true;
  /** Bytes that the pool wrote and the peer has not read, including those that have not arrived yet. */
  unread = 0;
  private readonly toPool: Direction;
  private readonly toPeer: Direction;
  private reading = true;
  private awaitsDrain = false;
  private unreadPieces: Uint8Array[] = [];
  private pieces: Uint8Array[] = [];
  private readonly dataListeners: ((bytes: Uint8Array) => void)[] = [];
  private readonly closedListeners: ((state: "closed" | "aborted") => void)[] = [];

  constructor({ id, target, handler, window, deliver }: LinkOptions) {
    this.id = id;
    this.target = target;
    this.tls = target.tls;
    this.window = window;
    this.receiveQueue = new ReceiveQueue(handler);
    this.toPool = new Direction(deliver);
    this.toPeer = new Direction(deliver);
  }

  get received(): Uint8Array {
    const whole = concat(this.pieces);
    this.pieces = [whole];
    return whole.slice();
  }

  get receivedText(): string {
    return latin1Text(this.received);
  }

  get paused(): boolean {
    return this.receiveQueue.isPaused;
  }

  send(bytes: Uint8Array | string): void {
    if (this.state !== "open") return;
    const piece = typeof bytes === "string" ? latin1Bytes(bytes) : bytes.slice();
    this.toPool.send(() => this.receiveQueue.data(piece, piece.length));
  }

  end(): void {
    this.leave("ended", undefined);
  }

  reset(): void {
    this.leave(
      "reset",
      new TransportError("reset", "The peer reset the connection", { reason: "ECONNRESET" }),
    );
  }

  stopReading(): void {
    this.reading = false;
  }

  startReading(): void {
    this.reading = true;
    while (this.reading && this.state === "open") {
      const piece = this.unreadPieces.shift();
      if (piece === undefined) break;
      this.read(piece);
    }
    this.drained();
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.dataListeners.push(listener);
  }

  onClosed(listener: (state: "closed" | "aborted") => void): void {
    this.closedListeners.push(listener);
  }

  /** The pool wrote. */
  written(piece: Uint8Array): boolean {
    if (this.state !== "open") return true; // as with a real socket before the FIN or RST arrives
    this.unread += piece.length;
    this.toPeer.send(() => this.arrived(piece));
    if (this.unread <= this.window) return true;
    this.awaitsDrain = true;
    return false;
  }

  /** The pool closed: its writes arrive first. Or it aborted: they are dropped. */
  poolLeft(state: "closed" | "aborted"): void {
    this.receiveQueue.stop();
    if (state === "aborted") this.toPeer.clear();
    this.toPeer.send(() => {
      if (this.state !== "open") return;
      if (state === "closed") this.startReading();
      this.state = state;
      for (const listener of this.closedListeners) listener(state);
    });
  }

  private leave(state: "ended" | "reset", error: TransportError | undefined): void {
    if (this.state !== "open") return;
    this.state = state;
    this.toPool.send(() => this.receiveQueue.end(error));
  }

  private arrived(piece: Uint8Array): void {
    if (this.state !== "open") return;
    if (!this.reading) {
      this.unreadPieces.push(piece);
      return;
    }
    this.read(piece);
    this.drained();
  }

  private read(piece: Uint8Array): void {
    this.unread -= piece.length;
    this.pieces.push(piece);
    for (const listener of this.dataListeners) listener(piece);
  }

  private drained(): void {
    if (!this.awaitsDrain || this.unread > 0) return;
    this.awaitsDrain = false;
    this.toPool.send(() => this.receiveQueue.drain());
  }
}

/** The two ends of a connection. */
export interface MemoryLink {
  readonly peer: MemoryPeer;
  readonly socket: Socket;
  /** Must be opened right after the socket was passed to the pool. */
  readonly receiveQueue: ReceiveQueue;
}

/** Makes both ends of a connection. */
export function memoryLink(options: LinkOptions): MemoryLink {
  const peer = new Peer(options);
  const { target } = options;
  const applied: AppliedOptions = { tcpKeepAlive: target.tcpKeepAlive, noDelay: target.noDelay };
  const socket: Socket = {
    applied,
    get alpn() {
      return peer.tls?.alpn.find((name) => name === options.alpn);
    },
    remoteAddress: target.address ?? target.hostname,
    remotePort: target.port,
    localAddress: "memory",
    localPort: options.id,
    write(head, body, tail = "") {
      const first = typeof head === "string" ? latin1Bytes(head) : head.slice();
      return peer.written(body === undefined ? first : concat([first, body, latin1Bytes(tail)]));
    },
    pause: () => peer.receiveQueue.pause(),
    resume: () => peer.receiveQueue.resume(),
    ref(active) {
      peer.hasRef = active;
    },
    setHandler(handler) {
      peer.receiveQueue.handler = handler;
    },
    close: () => peer.poolLeft("closed"),
    abort: () => peer.poolLeft("aborted"),
    async startTls(tls, signal) {
      await options.secure(tls, signal);
      peer.tls = tls;
      return socket;
    },
  };
  return { peer, socket, receiveQueue: peer.receiveQueue };
}
