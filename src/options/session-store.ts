/** Session store: the TLS sessions of one peer under one set of TLS options, and which of them is offered next. */

import type { TlsSession, TlsSessions } from "../contract/transport.ts";

/** Sessions kept for one target at first. A server sends one or two with each handshake, and a session takes 1 to 4 KiB. */
export const FEWEST_SESSIONS = 16;

/** Sessions kept for a target whose connections open so many at a time that fewer did not suffice. */
export const MOST_SESSIONS = 128;

/** A longer session is not kept: a peer chooses the length of a ticket, up to 64 KiB. */
export const MOST_SESSION_BYTES = 16_384;

/** The tickets of one target together, whatever their number. */
export const MOST_TICKET_BYTES: number = FEWEST_SESSIONS * MOST_SESSION_BYTES;

/**
 * Each ticket of TLS 1.3 is offered once, the newest one first: who watches the network could tell by a second use that both
 * connections have the same client (RFC 8446 §C.4). A session of TLS 1.2 is used until another one comes.
 *
 * Connections that open in step give all their tickets, and then take as many: of 50 only 16 found one. So whoever finds none
 * after some were dropped raises the limit by one.
 */
export class SessionStore implements TlsSessions {
  readonly #tickets: TlsSession[] = [];
  #ticketBytes = 0;
  #limit = FEWEST_SESSIONS;
  /** Tickets that were dropped because of the limit, and that nobody has missed yet. */
  #dropped = 0;
  #session: TlsSession | undefined;

  take(): TlsSession | undefined {
    const ticket = this.#tickets.pop();
    if (ticket === undefined) {
      this.#missed();
      return this.#session;
    }
    this.#ticketBytes -= ticket.bytes.length;
    return ticket;
  }

  keep(session: TlsSession, often: boolean): void {
    if (session.bytes.length > MOST_SESSION_BYTES) return;
    if (often) {
      this.#session = session;
      return;
    }
    this.#tickets.push(session);
    this.#ticketBytes += session.bytes.length;
    while (this.#tickets.length > this.#limit || this.#ticketBytes > MOST_TICKET_BYTES) this.#dropOldest();
  }

  clear(): void {
    this.#tickets.length = 0;
    this.#ticketBytes = 0;
    this.#dropped = 0;
    this.#session = undefined;
  }

  #dropOldest(): void {
    this.#dropped += 1;
    this.#ticketBytes -= this.#tickets.shift()?.bytes.length ?? 0;
  }

  #missed(): void {
    if (this.#dropped === 0 || this.#limit === MOST_SESSIONS) return;
    this.#dropped -= 1;
    this.#limit += 1;
  }
}
