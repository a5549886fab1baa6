/** Origin facts: what the client may know of one origin, found out independently of the pool. */

/** The facts of one origin. */
export class OriginFacts {
  /** As in `stats()`. Connections for upgrades are apart from the others. */
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

/** The key of an origin, as the pool has it. */
export function keyOf(hostname: string, upgrades: boolean): string {
  return `${upgrades ? "upgrade+" : ""}http://${hostname}`;
}

/** The name in a key. */
export function hostnameOf(key: string): string {
  return key.slice(key.indexOf("//") + 2);
}
