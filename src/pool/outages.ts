/** Outages: what the connect attempts of a pool tell of the network, and the attempts that are made to learn of its return. */

import { noteReached } from "../rules/outage.ts";
import type { Input } from "./core/effects.ts";
import type { ConnectionRecord, OriginRecord } from "./core/records.ts";
import type { PoolTimer } from "./timer.ts";

/** The outages of one pool's origins. */
export class Outages<C, W> {
  readonly #core: { readonly closing: boolean };
  readonly #timer: PoolTimer;
  readonly #step: (input: Input<C, W>, now: number) => void;

  constructor(
    core: { readonly closing: boolean },
    timer: PoolTimer,
    step: (input: Input<C, W>, now: number) => void,
  ) {
    this.#core = core;
    this.#timer = timer;
    this.#step = step;
  }

  /** A request waits, and nothing comes from its origin: tries whether that can be reached. Not while the pool closes. */
  probe(originRecord: OriginRecord<C, W>, now: number): void {
    if (!this.#core.closing) this.#step({ type: "probe", originRecord }, now);
  }

  /** A connect attempt succeeded. At the end of an outage the exchanges that waited through it are due. */
  reached({ originRecord }: ConnectionRecord<C, W>, begunAt: number, now: number): void {
    const { reach, roundTripMs } = originRecord;
    if (!noteReached(reach, now - begunAt, roundTripMs, now)) return;
    this.#step({ type: "back", originRecord }, now);
    this.#timer.ringBy(now);
  }
}
