/** Origin lore: what the client may know of one origin, found out independently of the pool. */

/** One origin. */
export class OriginLore {
  readonly key: string;
  /** Connections that are open or being opened, as the transport counts them. */
  open = 0;
  /** The longest idle age at which reuse worked. */
  workedMs = 0;
  /** By the pool's own events; `Infinity` for none. */
  learnedMs = Infinity;

  constructor(key: string) {
    this.key = key;
  }
}
