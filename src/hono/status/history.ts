/** Counts what happened in a pool during the last minutes, in buckets of {@linkcode BUCKET_MS}. */

import type { PoolEvent } from "../../contract/events.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import { BUCKET_MS, type Bucket, HISTORY_MS } from "./protocol.ts";

interface MutableBucket {
  readonly at: number;
  requests: number;
  reused: number;
  failed: number;
  retried: number;
  readonly retired: Partial<Record<RetireReason, number>>;
}

/** The recent history of a pool. */
export class History {
  /** Oldest first. Spans in which nothing happened have no bucket. */
  readonly #buckets: MutableBucket[] = [];

  /** Counts an event. */
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
      case "request.retried":
        this.#bucket(now).retried += 1;
        return;
      case "request.failed":
        this.#bucket(now).failed += 1;
        return;
      default:
    }
  }

  /** The buckets from the one that contains `time` on. */
  since(time: number): readonly Bucket[] {
    const from = Math.floor(time / BUCKET_MS);
    return this.#buckets.filter(({ at }) => at >= from);
  }

  #bucket(now: number): MutableBucket {
    const at = Math.floor(now / BUCKET_MS);
    const last = this.#buckets.at(-1);
    if (last?.at === at) return last;
    const bucket: MutableBucket = { at, requests: 0, reused: 0, failed: 0, retried: 0, retired: {} };
    this.#buckets.push(bucket);
    while ((this.#buckets[0]?.at ?? at) <= at - HISTORY_MS / BUCKET_MS) this.#buckets.shift();
    return bucket;
  }
}
