/** Outages: what the connect attempts of a pool tell of the network, and the attempts that are made to learn of its return. */

import { noteReached, overtakes, unusualMs } from "../rules/outage.ts";
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
  reached(record: ConnectionRecord<C, W>, begunAt: number, now: number): void {
    const { originRecord } = record;
    const { reach, connections, roundTripMs: shortestMs } = originRecord;
    const older = connections.find(
      ({ state, openedAt }) => state === "connecting" && overtakes(begunAt, openedAt),
    );
    // While the event loop was blocked, the attempt waited for it, and not for the network.
    const tookMs = this.#timer.isLate ? 0 : now - begunAt;
    if (!noteReached(reach, { tookMs, overtook: older !== undefined, shortestMs }, now))
      return this.#compare(record, tookMs, now);
    this.#step({ type: "back", originRecord, begunAt }, now);
    this.#timer.ringBy(now);
  }

  /**
   * A probe got through late: the network is slow, or its first packets were lost. Another, made at once, shows how long attempts
   * take now. By that measure the one which is still under way ends the outage, if there was one.
   */
  #compare(record: ConnectionRecord<C, W>, tookMs: number, now: number): void {
    const { originRecord } = record;
    if (record !== originRecord.patientProbe || tookMs < unusualMs(originRecord)) return;
    this.probe(originRecord, now);
  }
}
