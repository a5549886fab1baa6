/** Protocol: the messages to and from the soak's client process. */

export interface SoakLaunch {
  readonly ports: readonly number[];
  readonly rounds: number;
  readonly roundMs: number;
  /** How long a dropped body may take to be noticed, and a closed socket to disappear. */
  readonly settleMs: number;
  readonly seed: number;
}

/** One measurement of the client process while nothing happens. */
export interface Measured {
  readonly state: "fresh" | "quiet" | "closed" | "gone";
  /** Whether a garbage collection could be forced. */
  readonly collected: boolean;
  readonly requests: number;
  readonly failures: number;
  /** Heap size in bytes before and after the forced collection. */
  readonly heapBefore: number;
  readonly heap: number;
  readonly rss: number;
  /** Open connections by the pool's own count. */
  readonly open: number;
  readonly active: number;
  readonly idle: number;
  /** Open file descriptors of the process, if known. */
  readonly files?: number;
}

/** The measurement, with the servers' count at the same moment. */
export interface Sample extends Measured {
  readonly sockets: number;
}
