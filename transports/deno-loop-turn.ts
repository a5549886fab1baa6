/**
 * Loop turn: makes Deno's event loop poll its sockets, and calls back afterwards.
 *
 * A byte is sent through a pair of loopback sockets. Deno 2.9 learns of its arrival only by polling the kernel, which also
 * reports everything that arrived on other sockets before. That takes 20 to 50 µs.
 *
 * Until there is a pair, and where the program may not open one, `setImmediate` is called so often that the loop must have
 * polled: its scheduler (Tokio) asks the kernel after every 61 turns if it is never idle. Of 200 connections whose peer had
 * closed, 62 immediates found none and 70 found all, in 70 µs; a timer takes 2 ms, and misses some in a busy process. What
 * else was tried stands in docs/performance.md.
 */

import { type DenoConn, deno } from "./deno-api.ts";

/** More than twice what the scheduler needs, because others may have turns, too, and what was polled has to be delivered. */
const IMMEDIATES = 150;

const LOOPBACK = "127.0.0.1";
const BYTE = new Uint8Array(1);

/** Makes the event loop turn. Calls that come together share a turn. */
export class DenoLoopTurn {
  readonly #buffer: Uint8Array = new Uint8Array(1);
  #pair: readonly [near: DenoConn, far: DenoConn] | undefined;
  /** Whether opening the pair was tried. It is tried once. */
  #tried = false;
  #turning = false;
  #waiting: (() => void)[] = [];

  /**
   * Calls back after a turn, and keeps the process alive until then. The pair needs permission for the network, which is not
   * requested from the user.
   */
  readonly turn = (callback: () => void): boolean => {
    if (this.#pair === undefined) {
      if (!this.#tried) this.#open().catch(() => {});
      this.#tried = true;
      afterImmediates(IMMEDIATES, callback);
      return true;
    }
    this.#waiting.push(callback);
    if (!this.#turning) this.#startTurn(this.#pair);
    return true;
  };

  /** Calls made during a turn wait for the next one: events on their sockets may have come after the byte. */
  #startTurn([near, far]: readonly [DenoConn, DenoConn]): void {
    const due = this.#waiting;
    this.#waiting = [];
    this.#turning = true;
    far.ref();
    const read = far.read(this.#buffer);
    read.then((length) => this.#turned(due, length === 1)).catch(() => this.#turned(due, false));
    near.write(BYTE).catch(() => {}); // the read fails too
  }

  async #turned(due: readonly (() => void)[], well: boolean): Promise<void> {
    // Let the events of other sockets from the same poll be handled first.
    await undefined;
    this.#turning = false;
    if (well) this.#pair?.[1].unref();
    else this.#pair = undefined;
    for (const callback of due) callback();
    if (this.#pair !== undefined && !this.#turning && this.#waiting.length > 0) this.#startTurn(this.#pair);
  }

  async #open(): Promise<void> {
    if (deno().permissions.querySync({ name: "net", host: LOOPBACK }).state !== "granted") return;
    const listener = deno().listen({ hostname: LOOPBACK, port: 0 });
    try {
      const { port } = listener.addr;
      const { signal } = new AbortController();
      const [near, far] = await Promise.all([
        deno().connect({ hostname: LOOPBACK, port, signal }),
        listener.accept(),
      ]);
      near.unref();
      far.unref();
      near.setNoDelay(true);
      // Another process may have connected to the listener first.
      if (far.remoteAddr.port === near.localAddr.port) this.#pair = [near, far];
      else for (const conn of [near, far]) conn.close();
    } finally {
      listener.close();
    }
  }
}

/** All pools of a process share the pair. */
export const denoLoopTurn: DenoLoopTurn = new DenoLoopTurn();

/** Deno has `setImmediate` since 2.0. */
declare const setImmediate: (callback: () => void) => unknown;

function afterImmediates(count: number, callback: () => void): void {
  if (count === 0) callback();
  else setImmediate(() => afterImmediates(count - 1, callback));
}
