/** Link: one connection, as seen from between the pool and the transport, with knowledge of what the server does. */

import type { Prng } from "../support/prng.ts";
import type { Appointment } from "./agenda.ts";
import type { OriginFacts } from "./origin-facts.ts";

/** A position in the byte stream to the client that matters once it is delivered. */
export type Mark =
  /** The response ends here. */
  | {
      readonly kind: "end";
      readonly at: number;
      /** The connection must carry no other request. */
      readonly last: boolean;
      readonly hintMs: number | undefined;
      /** How many further requests the server announced to accept. */
      readonly left: number | undefined;
    }
  /** From here on the server sends unsolicited bytes. */
  | {
      readonly kind: "stray";
      readonly at: number;
      /** When they reach the client's kernel, by the world's clock. */
      arrivesAt?: number;
    };

/** One connection. */
export class Link {
  readonly id: number;
  readonly originFacts: OriginFacts;
  readonly openedAt: number;
  /** The address that was looked up for it. */
  address: string | undefined = undefined;
  /** Draws how long its bytes travel. Each connection has its own generator, so that others do not influence it. */
  readonly latency: Prng;

  // What the server did
  sent = 0;
  /** The server sent FIN or RST. */
  serverLeft = false;
  /** The delivery of its FIN or RST. */
  leaving: Appointment | undefined = undefined;
  /** The server stopped reading, or did not answer, at some time. */
  silent = false;
  /** A box in between has forgotten it: nothing gets through any more. */
  forgotten = false;
  readonly marks: Mark[] = [];
  /** When the last bytes sent reach the client's kernel, by the world's clock. */
  arrivesAt = 0;

  // What was delivered to the client
  delivered = 0;
  /** FIN or RST was delivered. */
  ended = false;
  /**
   * Unsolicited bytes arrived while a request was under way. Nothing that follows on this connection can be judged.
   */
  crossed = false;
  /** Why nothing more may be written, although the connection is open. */
  spent: string | undefined = undefined;
  /** The same, but valid only after the request that has the connection and is about to be written. */
  spentNext: string | undefined = undefined;
  hintMs: number | undefined = undefined;
  left: number | undefined = undefined;

  // What the client did
  /** The pool has given its socket to a caller. */
  handedOver = false;
  closed = false;
  parked = false;
  /** By the client's clock. A liveness check that returns the connection does not reset it. */
  idleSince: number;
  /** A request was written since the connection was taken from the idle ones. */
  used = false;
  /** How long it was idle when it was taken for the current request. */
  idleMs = 0;
  /** The learned limit when it was taken. The request is written a turn of the event loop later. */
  learnedMs = Infinity;
  /** How often the machine had been suspended when it was taken. */
  suspensionsWhenTaken = 0;
  /** How often the machine had been suspended when it became idle. */
  suspensions = 0;
  requests = 0;
  /** The request that it carries and whose response is not complete; 0 for none. */
  request = 0;
  /** The transport held the last request back, and dropped it. */
  dropped = false;
  /** How many bytes had been delivered when that request was written. */
  requestFrom = 0;
  /** When that request was written, by the world's clock. */
  wroteAt = 0;
  /**
   * When bytes were last delivered, by the world's clock. One delivery would have brought everything in the kernel.
   */
  deliveredAt = 0;
  /** The last delivery before the request was written. */
  seenAt = 0;
  /** Bytes of its body that were written, and when the last of them moved, by the client's clock. */
  bodyWritten = 0;
  bodyMovedAt = 0;
  /** When the whole request was handed over, by the client's clock; `undefined` while unknown. */
  sentAt: number | undefined = undefined;

  constructor(id: number, facts: OriginFacts, openedAt: number, latency: Prng) {
    this.latency = latency;
    this.id = id;
    this.originFacts = facts;
    this.openedAt = openedAt;
    this.idleSince = openedAt;
  }

  /** Whether it has ended, by either side. */
  get isOver(): boolean {
    return this.ended || this.closed;
  }

  /** Whether any byte came since the request was written. */
  get responded(): boolean {
    return this.delivered > this.requestFrom;
  }
}
