/** Origin facts: what the client may know of one origin, found out independently of the pool. */

/** The facts of one origin. */
export class OriginFacts {
  readonly key: string;
  /** Connections that are open or being opened, as the transport counts them. */
  open = 0;
  /** The longest idle time after which reuse worked. */
  workedMs = 0;
  /** The learned limit by the pool's own events; `Infinity` for none. */
  learnedMs = Infinity;

  constructor(key: string) {
    this.key = key;
  }
}
