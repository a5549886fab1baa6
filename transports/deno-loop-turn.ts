/**
 * Loop turn: makes Deno's event loop poll its sockets, and calls back afterwards.
 *
 * A byte is sent through a pair of loopback sockets. Deno 2.9 learns of its arrival only by polling the kernel, which also
 * reports everything that arrived on other sockets before. That takes 30 µs. Nothing else is both quick and reliable: a
 * timer takes 2 ms, and a single one misses some events; `setImmediate` and a hash computed by another thread missed 15 to
 * 40 of 100.
 */

import { type DenoConn, deno } from "./deno-api.ts";

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
   * Calls back after a turn, and keeps the process alive until then. Returns `false` if it cannot, or not yet. The pair
   * needs permission for the network, which is not requested from the user.
   */
  readonly turn = (callback: () => void): boolean => {
    if (this.#pair === undefined) {
      if (!this.#tried) this.#open().catch(() => {});
      this.#tried = true;
      return false;
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
    if (deno().permissions.querySync({ name: "net" }).state !== "granted") return;
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
