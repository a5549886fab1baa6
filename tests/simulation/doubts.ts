/** Doubts: what must hold for requests that are sent a second time because their connection may be dead. */

import type { PoolEvent } from "../../mod.ts";
import type { Finding, Judges } from "./judges.ts";
import { countUp } from "./record.ts";

/** An origin's first doubts, and those after a quiet time. */
const SPARE = 10;

/** The share of an origin's requests that may be sent twice beyond those. */
const SHARE = 0.05;

const SAFE: readonly string[] = ["GET", "HEAD", "OPTIONS", "QUERY"];

/** The laws of doubt in one world, judged by its events. */
export class Doubts {
  readonly #judges: Judges;
  readonly #attempts: Map<string, number> = new Map();
  readonly #doubted: Map<string, number> = new Map();
  readonly #requests: Set<number> = new Set();

  constructor(judges: Judges) {
    this.#judges = judges;
  }

  /** What is wrong with an event, or `undefined`. `keyed`: whether its request is called idempotent, if that is known. */
  problem(event: PoolEvent, keyed: boolean | undefined): Finding | undefined {
    if (event.type === "connection.acquired") countUp(this.#attempts, event.origin);
    if (event.type !== "request.doubted") return undefined;
    const { request, origin, method } = event;
    const isAgain = this.#requests.has(request);
    this.#requests.add(request);
    const isUnsafe = !SAFE.includes(method);
    const allowed = SPARE + SHARE * (this.#attempts.get(origin) ?? 0);
    const count = countUp(this.#doubted, origin);
    return (
      this.#judges.finds("doubted once", true, isAgain, `request ${request} was doubted twice`) ??
      this.#judges.finds(
        "doubted if idempotent",
        true,
        isUnsafe && keyed === false,
        `request ${request} (${method}) was doubted, and nobody called it idempotent`,
      ) ??
      this.#judges.finds(
        "share of doubts",
        true,
        count > allowed,
        `${count} requests to ${origin} were doubted, where ${allowed} may be`,
      )
    );
  }
}
