/**
 * Sent bytes: what a request has written, towards the connection that it has at the time. While it waits for a fresh connection
 * one piece is held back; `node:http` writes no further one before it was told that this one is gone.
 */

import type { Sent } from "../contract/errors.ts";
import type { Socket } from "../contract/transport.ts";
import { Replay } from "./replay.ts";

/** A piece, and what to call when more may follow. */
interface Held {
  readonly head: string | Uint8Array;
  readonly body: Uint8Array | undefined;
  readonly done: () => void;
}

/** The bytes of one request. */
export class SentBytes {
  /** Pieces written on the present connection. */
  writes = 0;
  #replay: Replay | undefined = undefined;
  #held: Held | undefined = undefined;
  #whenDrained: (() => void) | undefined = undefined;

  /** Whether the peer is behind. */
  get isBehind(): boolean {
    return this.#whenDrained !== undefined;
  }

  /** What waits for the peer, for whoever takes the connection over. */
  get whenDrained(): (() => void) | undefined {
    return this.#whenDrained;
  }

  /** Whether it can be written again from its beginning. */
  get isReplayable(): boolean {
    return this.writes === 0 || this.#replay?.isWhole === true;
  }

  /** How much was written, of a request that `node:http` has finished or not. */
  sent(isFinished: boolean): Sent {
    if (this.writes === 0) return "none";
    return isFinished ? "full" : "partial";
  }

  /** Keeps what is written from now on. */
  keep(): void {
    this.#replay ??= new Replay();
  }

  /** It will not be written again. */
  forget(): void {
    this.#replay?.drop();
  }

  hold(head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    this.#held = { head, body, done };
  }

  put(socket: Socket, head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    // `end()` writes nothing, to hear when all was written.
    if (head.length === 0 && body === undefined) return done();
    this.writes += 1;
    this.#replay?.keep(head);
    this.#replay?.keep(body);
    if (socket.write(head, body)) done();
    else this.#whenDrained = done;
  }

  /** Writes all of it again, on a fresh connection. */
  again(socket: Socket): void {
    const pieces = this.#replay?.pieces() ?? [];
    let taken = true;
    for (const piece of pieces) taken = socket.write(piece);
    this.writes = pieces.length;
    const [done, held] = [this.#whenDrained, this.#held];
    [this.#whenDrained, this.#held] = [undefined, undefined];
    if (held !== undefined) this.put(socket, held.head, held.body, held.done);
    else if (taken) done?.();
    else this.#whenDrained = done;
  }

  drained(): void {
    const done = this.#whenDrained;
    this.#whenDrained = undefined;
    done?.();
  }
}
