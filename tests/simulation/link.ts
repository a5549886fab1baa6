/** Link: one connection as somebody sees it who stands between pool and transport, and knows what the server does. */

import type { Prng } from "../support/prng.ts";
import type { Appointment } from "./agenda.ts";
import type { OriginLore } from "./origin-lore.ts";

/** Something in the stream of bytes to the client that matters once it is delivered. */
export type Mark =
  /** The response ends here. */
  | {
      readonly kind: "end";
      readonly at: number;
      /** The connection must carry no other request. */
      readonly last: boolean;
      readonly hintMs: number | undefined;
      /** Further requests the server announced to take. */
      readonly left: number | undefined;
    }
  /** From here on the server sends what nobody asked for. */
  | {
      readonly kind: "stray";
      readonly at: number;
      /** When the client's kernel has them, by the world's clock. */
      arrivesAt?: number;
    };

/** One connection. */
export class Link {
  readonly id: number;
  readonly lore: OriginLore;
  readonly openedAt: number;
  /** The one that was looked up for it. */
  address: string | undefined = undefined;
  /** How long its bytes travel; its own, so that no other connection's doings have a part in it. */
  readonly latency: Prng;

  // The server's doing
  sent = 0;
  /** The server sent FIN or RST. */
  serverLeft = false;
  /** The delivery of its FIN or RST. */
  leaving: Appointment | undefined = undefined;
  /** The server did not read, or not answer, at some time. */
  silent = false;
  readonly marks: Mark[] = [];
  /** When the last of what was sent is in the client's kernel, by the world's clock. */
  arrivesAt = 0;

  // What the client knows
  delivered = 0;
  /** FIN or RST was delivered. */
  ended = false;
  /** Unasked bytes met a request: whatever happens on the connection from here on, nobody could have known better. */
  crossed = false;
  /** Why nothing may be written any more, though the connection is open. */
  spent: string | undefined = undefined;
  /** The same, for after the request that has the connection already and looks at it once more before it writes. */
  spentNext: string | undefined = undefined;
  hintMs: number | undefined = undefined;
  left: number | undefined = undefined;

  // The client's doing
  closed = false;
  parked = false;
  /** By the client's clock; looking at it and putting it back makes it no younger. */
  idleSince: number;
  /** A request was written on it since it was taken. */
  used = false;
  /** How long it was idle when it was taken for the request at hand. */
  idleMs = 0;
  /** What was known of the server's limit when it was taken: it is written on a turn of the event loop later. */
  learnedMs = Infinity;
  /** Suspensions of the machine before it was taken. */
  takenNights = 0;
  /** Suspensions of the machine before it became idle. */
  nights = 0;
  requests = 0;
  /** The request it carries, whose response is not complete; 0 for none. */
  request = 0;
  /** Bytes delivered when that was written. */
  requestFrom = 0;
  /** When, by the world's clock. */
  wroteAt = 0;
  /** When bytes were last delivered, by the world's clock; the kernel would have given all it had in one. */
  deliveredAt = 0;
  /** When that was last before the request was written. */
  seenAt = 0;
  /** Bytes of its body that were written, and when the last of them moved, by the client's clock. */
  bodyWritten = 0;
  bodyMovedAt = 0;
  /** When the whole request was handed over, by the client's clock; `undefined` while that is not known. */
  sentAt: number | undefined = undefined;

  constructor(id: number, lore: OriginLore, openedAt: number, latency: Prng) {
    this.latency = latency;
    this.id = id;
    this.lore = lore;
    this.openedAt = openedAt;
    this.idleSince = openedAt;
  }

  /** Whether any byte came since the request was written. */
  get responded(): boolean {
    return this.delivered > this.requestFrom;
  }
}
