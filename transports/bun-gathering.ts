/**
 * Gathering: while much arrives fast, a socket rests for a moment after each read that has emptied it. A reader that keeps up
 * with a peer on the same machine would be woken for every 80 to 200 KB otherwise, and the peer pays for waking it: without rests
 * 1 MiB takes 20 to 45 % more CPU time here, and 15 to 30 % more at the peer (Bun 1.4).
 */

/** Bun 1.4 reads up to 512 KiB at a time. What TLS takes of it, headers and tags of records, is less than this. */
const FULL_READ = 480 * 1024;

/** Bytes per ms from which on a rest is worth it: 2 Gbit/s. On a slower network it would bring nothing. */
const FAST = 262_144;

/** Tells when a socket should rest. */
export class Gathering {
  #bytes = 0;
  #countedFrom = -Infinity;

  /** `length` bytes were read at `now`, and more is known to come. Returns whether to rest before the next read. */
  rests(length: number, now: number): boolean {
    this.#bytes += length;
    // More is there already.
    if (length >= FULL_READ) return false;
    const isFast = this.#bytes >= FAST * (now - this.#countedFrom);
    this.#bytes = 0;
    this.#countedFrom = now;
    return isFast;
  }
}
