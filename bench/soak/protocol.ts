/** Protocol: what the soak's client process is told, and says. */

export interface SoakLaunch {
  readonly ports: readonly number[];
  readonly rounds: number;
  readonly roundMs: number;
  /** How long what was dropped may take to be noticed, and what was closed to be gone. */
  readonly settleMs: number;
  readonly seed: number;
}

/** One look at the client process while nothing goes on. */
export interface Measured {
  readonly state: "fresh" | "quiet" | "closed" | "gone";
  /** Whether garbage could be collected by force. */
  readonly collected: boolean;
  readonly requests: number;
  readonly failures: number;
  /** Bytes of heap before and after the forced collection. */
  readonly heapBefore: number;
  readonly heap: number;
  readonly rss: number;
  /** By the pool's own count. */
  readonly open: number;
  readonly active: number;
  readonly idle: number;
  /** Open file descriptors of the process, where the system tells. */
  readonly files?: number;
}

/** With what the servers count at the same moment. */
export interface Sample extends Measured {
  readonly sockets: number;
}
