/** HTTP/2 wire: a session on the socket of its connection. What is written in one turn goes out in one write, or in few. */

import type { RetireReason } from "../contract/reasons.ts";
import { type Alloc, type Socket, type TextCodec, TransportError } from "../contract/transport.ts";
import type {
  ConnectionUser,
  ResponseHead,
  Wire,
  WireConnection,
  WireListener,
  WireStream,
} from "../contract/wire.ts";
import { linesOf, reasonOf } from "../http1/parse/fields.ts";
import type { PeerFault } from "./peer-fault.ts";
import { Session, type SessionOptions, type SessionOwner } from "./session.ts";

/** Output that is copied: the transport may keep the bytes until the kernel takes them. Beyond it the buffer itself is written. */
const COPIED_BYTES = 16_384;

/** The size of a new buffer. */
const FIRST_BYTES = 1024;

/** Large buffers that are kept to be used again. */
const LENT_BUFFERS = 4;

/** How often the end of a turn is put off while requests are still written. */
const ROUNDS = 8;

/**
 * Requests of one turn that are written before it ends: the peer works on them while we make the others. Otherwise both wait for
 * each other by turns.
 */
const PART = 32;

/** Open streams from which on reads are joined. With fewer, there is little to join, and waiting costs latency. */
const JOINED_STREAMS = 4;

/** A full TLS record (RFC 8446 §5.1). The next one is likely to be there. */
const FULL_RECORD = 16_384;

/** What must be to come if the socket is to gather it: with less, its rest would only put off the end of the responses. */
const GATHERED_BYTES = 262_144;

/** The wire of one connection. */
export class Http2Wire implements Wire, ConnectionUser, SessionOwner {
  readonly protocol = "h2";
  readonly text: TextCodec;
  readonly alloc: Alloc;
  readonly bodyBytes: number;
  readonly #session: Session;
  #connection: WireConnection | undefined = undefined;
  /** Whether the socket takes more. While it does not, everything waits in `out`. */
  #isAccepting = true;
  /** The end of the turn was asked for. */
  #isScheduled = false;
  /** A full record came since the last write. */
  #isBulk = false;
  #rounds = 0;
  /** Requests since the last write. */
  #requests = 0;
  /** How much was written when the end of the turn was put off last. */
  #lengthBefore = 0;
  /** Large buffers that were written and may not be taken yet, and those that can be used again. */
  #lent: Uint8Array<ArrayBuffer>[] = [];
  #spare: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: SessionOptions, text: TextCodec, alloc: Alloc) {
    this.text = text;
    this.alloc = alloc;
    this.bodyBytes = options.limits.bodyBytes;
    this.#session = new Session(this, options, text);
  }

  reasonOf(head: ResponseHead): string {
    return reasonOf(head.text);
  }

  linesOf(head: ResponseHead): (name: string) => readonly string[] {
    return linesOf(head.text);
  }

  // PoolWire: the pool calls

  start(connection: WireConnection): number {
    this.#connection = connection;
    connection.user = this;
    this.wrote();
    return this.#session.capacity;
  }

  open(_connection: WireConnection, listener: WireListener): WireStream {
    return this.#session.open(listener);
  }

  closing(): void {
    if (this.#session.over) return;
    this.#session.leave();
    this.flush();
  }

  ping(): void {
    this.#session.ping();
  }

  /** The peer is silent, and what was written to it is of no use: the socket must not wait until that is acknowledged. */
  giveUp(reason: RetireReason, error: TransportError): void {
    this.#connection?.socket?.abort();
    this.#end(reason, error, (listener) => listener.lost(error));
  }

  // ConnectionUser: the connection calls

  data(bytes: Uint8Array, length: number): void {
    if (length >= FULL_RECORD) this.#isBulk = true;
    this.#session.receive(bytes, length);
    if (this.#session.out.length > 0) this.wrote();
    if (length >= FULL_RECORD && this.#session.streams >= JOINED_STREAMS) this.#gather(length);
  }

  #gather(length: number): void {
    const socket = this.#connection?.socket;
    if (socket?.gather !== undefined && this.#session.awaitedBytes() >= GATHERED_BYTES) socket.gather(length);
  }

  drain(): void {
    const socket = this.#connection?.socket;
    this.#isAccepting = true;
    if (socket !== undefined) this.#recycle(socket);
    this.#session.setAccepting(this.flush());
    // What the uploads have sent now.
    if (this.#session.out.length > 0) this.wrote();
  }

  closed(error: TransportError | undefined): void {
    const cause = error ?? this.#session.farewell;
    this.#end("peer-closed", error, (listener) => listener.lost(cause));
  }

  cut(): void {
    this.#session.each((listener) => listener.cut());
  }

  // SessionOwner: the session calls

  get lost(): boolean {
    return this.#connection?.socket?.lost === true;
  }

  requested(): void {
    this.#requests += 1;
    if (this.#requests < PART) return this.wrote();
    if (!this.flush()) this.#session.setAccepting(false);
  }

  wrote(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const socket = this.#connection?.socket;
    if (this.#isBulk && socket?.afterReads !== undefined && this.#session.streams >= JOINED_STREAMS)
      return socket.afterReads(this.#written);
    this.#rounds = 0;
    this.#lengthBefore = 0;
    queueMicrotask(this.#turnEnds);
  }

  /** Requests that are made in the microtasks of this turn are waited for. */
  readonly #turnEnds = (): void => {
    const { length } = this.#session.out;
    if (length !== this.#lengthBefore && this.#rounds < ROUNDS) {
      this.#lengthBefore = length;
      this.#rounds += 1;
      return queueMicrotask(this.#turnEnds);
    }
    this.#written();
  };

  readonly #written = (): void => {
    this.#isScheduled = false;
    this.#isBulk = false;
    if (!this.flush()) this.#session.setAccepting(false);
  };

  flush(): boolean {
    const { out } = this.#session;
    const socket = this.#connection?.socket;
    if (!this.#isAccepting || out.length === 0 || socket === undefined) return this.#isAccepting;
    this.#recycle(socket);
    this.#requests = 0;
    const { length } = out;
    const bytes = length <= COPIED_BYTES ? out.taken() : out.swap(this.#nextBuffer(out.bytes.length));
    if (length <= COPIED_BYTES) out.clear();
    else if (this.#session.isUploading && this.#lent.length < LENT_BUFFERS) this.#lent.push(bytes);
    this.#isAccepting = socket.write(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.#session.flushed();
    return this.#isAccepting;
  }

  /** While a body is sent, the next write is as large. */
  #nextBuffer(size: number): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? (this.#session.isUploading ? this.alloc(size) : new Uint8Array(FIRST_BYTES));
  }

  /** A few large buffers take turns while a body is sent: with new ones Node 24 takes three times the CPU for 1 MiB. */
  #recycle({ allWritten }: Socket): void {
    const { isUploading, out } = this.#session;
    if (!isUploading) {
      // A connection keeps little memory otherwise.
      if (this.#lent.length > 0) this.#lent = [];
      if (this.#spare.length > 0) this.#spare = [];
      if (out.length === 0 && out.bytes.length > COPIED_BYTES) out.bytes = new Uint8Array(FIRST_BYTES);
    } else if (allWritten === true && this.#lent.length > 0) {
      this.#spare.push(...this.#lent);
      this.#lent = [];
    }
  }

  ref(awaited: boolean): void {
    this.#connection?.ref(awaited);
  }

  capacityChanged(capacity: number): void {
    this.#connection?.capacityChanged(capacity);
  }

  retire(reason: RetireReason, taken?: number): void {
    this.#connection?.retire(reason, taken);
  }

  /** The stream whose frame it was has the fault, and the others have lost their connection. Without such a stream it is all. */
  broken({ error, id }: PeerFault): void {
    const ofOne = this.#session.isOpen(id);
    this.flush();
    this.#connection?.socket?.close();
    const lost = new TransportError("other", error.message, { cause: error });
    this.#end("bad-framing", lost, (listener, of) => {
      if (!ofOne || of === id) listener.fault(error);
      else listener.lost(lost);
    });
  }

  /** Before the listeners are told: what they send again must go elsewhere. */
  #end(
    reason: RetireReason,
    error: TransportError | undefined,
    tell: (listener: WireListener, id: number) => void,
  ): void {
    const session = this.#session;
    if (session.over) return;
    if (session.streams > 0) this.#connection?.retire(reason);
    session.end(reason, tell);
    this.#connection?.ended(reason, error);
  }
}
