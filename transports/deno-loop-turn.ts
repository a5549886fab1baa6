/**
 * Turn: makes Deno's event loop look at its sockets, and tells when it has. A byte goes through a pair of sockets of our
 * own: Deno 2.9 learns that it came only by asking the kernel, which tells what came before it on other sockets as well.
 * That takes 30 µs. Nothing else is both quick and sure: a timer takes 2 ms, and one alone misses some; `setImmediate` and
 * a hash made by another thread missed 15 to 40 of 100.
 */

import { type DenoConn, deno } from "./deno-api.ts";

const LOOPBACK = "127.0.0.1";
const BYTE = new Uint8Array(1);

/** Looks when it is asked to, for all who ask at once. */
export class DenoLoopTurn {
  readonly #buffer: Uint8Array = new Uint8Array(1);
  #ends: readonly [near: DenoConn, far: DenoConn] | undefined;
  /** Whether the pair was asked for: it is once. */
  #asked = false;
  #looking = false;
  #waiting: (() => void)[] = [];

  /**
   * Calls back when it has looked, and keeps the process alive until then. Answers `false` where it cannot, or not yet: the
   * pair needs leave for the network, which is not asked for.
   */
  readonly turn = (callback: () => void): boolean => {
    if (this.#ends === undefined) {
      if (!this.#asked) this.#open().catch(() => {});
      this.#asked = true;
      return false;
    }
    this.#waiting.push(callback);
    if (!this.#looking) this.#look(this.#ends);
    return true;
  };

  /** Those who ask while it looks wait for the next: what came on their sockets may have come behind the byte. */
  #look([near, far]: readonly [DenoConn, DenoConn]): void {
    const due = this.#waiting;
    this.#waiting = [];
    this.#looking = true;
    far.ref();
    const looked = far.read(this.#buffer);
    looked.then((length) => this.#looked(due, length === 1)).catch(() => this.#looked(due, false));
    near.write(BYTE).catch(() => {}); // the read ends as well
  }

  async #looked(due: readonly (() => void)[], well: boolean): Promise<void> {
    // What other sockets told at the same time comes first.
    await undefined;
    this.#looking = false;
    if (well) this.#ends?.[1].unref();
    else this.#ends = undefined;
    for (const callback of due) callback();
    if (this.#ends !== undefined && !this.#looking && this.#waiting.length > 0) this.#look(this.#ends);
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
      // Somebody else may have come first.
      if (far.remoteAddr.port === near.localAddr.port) this.#ends = [near, far];
      else for (const conn of [near, far]) conn.close();
    } finally {
      listener.close();
    }
  }
}
