/** History: what happened in a pool, counted in short spans; the last few minutes of it. */

import type { PoolEvent } from "../../contract/events.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import { BUCKET_MS, type Bucket, HISTORY_MS } from "./protocol.ts";

interface MutableBucket {
  readonly at: number;
  requests: number;
  reused: number;
  failed: number;
  readonly retired: Partial<Record<RetireReason, number>>;
}

/** The recent past of a pool. */
export class History {
  /** The oldest first; spans in which nothing happened are not there. */
  readonly #buckets: MutableBucket[] = [];

  record(event: PoolEvent, now: number): void {
    switch (event.type) {
      case "connection.acquired": {
        const bucket = this.#bucket(now);
        bucket.requests += 1;
        if (event.reused) bucket.reused += 1;
        return;
      }
      case "connection.retired": {
        const { retired } = this.#bucket(now);
        retired[event.reason] = (retired[event.reason] ?? 0) + 1;
        return;
      }
      case "request.failed":
        this.#bucket(now).failed += 1;
        return;
      default:
    }
  }

  /** What is remembered, from the span of `since` on. */
  since(since: number): readonly Bucket[] {
    const from = Math.floor(since / BUCKET_MS);
    return this.#buckets.filter(({ at }) => at >= from);
  }

  #bucket(now: number): MutableBucket {
    const at = Math.floor(now / BUCKET_MS);
    const last = this.#buckets.at(-1);
    if (last?.at === at) return last;
    const made: MutableBucket = { at, requests: 0, reused: 0, failed: 0, retired: {} };
    this.#buckets.push(made);
    while ((this.#buckets[0]?.at ?? at) <= at - HISTORY_MS / BUCKET_MS) this.#buckets.shift();
    return made;
  }
}
