/**
 * TLS targets: how a pool speaks TLS to each of its origins. A target is kept when the connections of its origin are gone,
 * because its sessions are most useful then.
 */

import type { Origin } from "../../contract/origin.ts";
import type { TlsTarget } from "../../contract/transport.ts";
import type { TlsOptions } from "../../options/options.ts";
import { tlsTargetOf } from "../../options/tls-target.ts";

/** Origins whose targets are kept. Beyond it the one that was used longest ago is forgotten, with its sessions. */
export const MOST_TARGETS = 256;

/** The TLS targets of one pool, by origin. No two origins share a target, so none offers the session of another. */
export class TlsTargets {
  readonly #options: TlsOptions;
  readonly #targets: Map<string, TlsTarget> = new Map();

  constructor(options: TlsOptions) {
    this.#options = options;
  }

  /** The same object each time: a transport caches its TLS context by it. */
  of({ key, hostname }: Origin): TlsTarget {
    const target = this.#targets.get(key) ?? tlsTargetOf(hostname, this.#options);
    this.#targets.delete(key);
    this.#targets.set(key, target);
    if (this.#targets.size > MOST_TARGETS) this.#forgetOldest();
    return target;
  }

  #forgetOldest(): void {
    for (const [oldest] of this.#targets) return void this.#targets.delete(oldest);
  }
}
