/**
 * Received bytes: what comes of the response to one request, on its way to the socket that `node:http` reads. It keeps back what
 * belongs to no response, as far as that is certain.
 */

import type { AgentSocket } from "./agent-socket.ts";
import { copied } from "./agent-socket.ts";
import { announcedLength, isInterimAlone } from "./first-bytes.ts";

/** The response to one request. */
export class ReceivedBytes {
  /** A byte of it came. */
  responded = false;
  /** Bytes came behind its end. */
  surplus = false;
  /** `node:http` takes no more for now. */
  paused = false;
  /** `node:http` is parsing. What it destroys meanwhile it does not understand. */
  delivering = false;
  /** How many bytes are still to come; `Infinity` while that is not known. */
  #left = Infinity;
  /** The next piece begins with a head. */
  #isAtHead = true;

  /** Passes bytes on, which are valid only for now. Returns whether more are wanted. */
  pass(socket: AgentSocket, bytes: Uint8Array, length: number, method: string): boolean {
    this.responded = true;
    const copy = copied(bytes, length);
    if (this.#isAtHead) this.#begin(copy, method);
    const own = Math.min(this.#left, length);
    this.#left -= own;
    if (own < length) this.surplus = true;
    if (own === 0) return true;
    this.delivering = true;
    const wantsMore = socket.receive(own === length ? copy : copy.subarray(0, own));
    this.delivering = false;
    return wantsMore;
  }

  /** A server that says `100 Continue` sends it by itself: the head of the response comes later. */
  #begin(piece: Buffer, method: string): void {
    this.#left = announcedLength(piece, method);
    this.#isAtHead = isInterimAlone(piece);
  }
}
