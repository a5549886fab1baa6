/** Doubts: what must hold for requests that are sent a second time because their connection may be dead. */

import type { PoolEvent } from "../../mod.ts";
import { countUp } from "./record.ts";

/** An origin's first doubts, and those after a quiet time. */
const SPARE = 10;

/** The share of an origin's requests that may be sent twice beyond those. */
const SHARE = 0.05;

const SAFE: readonly string[] = ["GET", "HEAD", "OPTIONS", "QUERY"];

/** The laws of doubt in one world, judged by its events. */
export class Doubts {
  readonly #attempts: Map<string, number> = new Map();
  readonly #doubted: Map<string, number> = new Map();
  readonly #requests: Set<number> = new Set();

  /** What is wrong with an event, or `undefined`. `keyed`: whether its request is called idempotent, if that is known. */
  problem(event: PoolEvent, keyed: boolean | undefined): string | undefined {
    if (event.type === "connection.acquired") countUp(this.#attempts, event.origin);
    if (event.type !== "request.doubted") return undefined;
    const { request, origin, method } = event;
    if (this.#requests.has(request)) return `request ${request} was doubted twice`;
    this.#requests.add(request);
    if (!SAFE.includes(method) && keyed === false)
      return `request ${request} (${method}) was doubted, and nobody called it idempotent`;
    const allowed = SPARE + SHARE * (this.#attempts.get(origin) ?? 0);
    const count = countUp(this.#doubted, origin);
    return count > allowed
      ? `${count} requests to ${origin} were doubted, where ${allowed} may be`
      : undefined;
  }
}
