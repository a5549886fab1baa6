/** Session store: the TLS sessions of one peer under one set of TLS options, and which of them is offered next. */

import type { TlsSession, TlsSessions } from "../contract/transport.ts";

/** Sessions kept for one target. A server sends one or two with each handshake, and a session takes 1 to 4 KiB. */
export const MOST_SESSIONS = 16;

/** A longer session is not kept: a peer chooses the length of a ticket, up to 64 KiB. */
export const MOST_SESSION_BYTES = 16_384;

/**
 * Each ticket of TLS 1.3 is offered once, the newest one first: who watches the network could tell by a second use that both
 * connections have the same client (RFC 8446 §C.4). A session of TLS 1.2 is used until another one comes.
 */
export class SessionStore implements TlsSessions {
  readonly #tickets: TlsSession[] = [];
  #session: TlsSession | undefined;

  take(): TlsSession | undefined {
    return this.#tickets.pop() ?? this.#session;
  }

  keep(session: TlsSession, often: boolean): void {
    if (session.bytes.length > MOST_SESSION_BYTES) return;
    if (often) {
      this.#session = session;
      return;
    }
    this.#tickets.push(session);
    if (this.#tickets.length > MOST_SESSIONS) this.#tickets.shift();
  }

  clear(): void {
    this.#tickets.length = 0;
    this.#session = undefined;
  }
}
