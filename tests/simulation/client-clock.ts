/**
 * Client clock: the clock of the client's machine, whose timers and turns are appointments.
 *
 * It may stand still, as on Cloudflare Workers: it counts whole milliseconds, and goes on when something reaches the
 * program. After a long computation it shows the time from before it, until the next event.
 */

import type { Clock } from "../../src/contract/clock.ts";
import { type Agenda, LANE, type Lane } from "./agenda.ts";
import type { Unsent } from "./unsent.ts";

/** What the clock needs from its world. */
export interface ClockWorld {
  readonly agenda: Agenda;
  /** How far the wall clock was set ahead. */
  readonly wallStep: number;
  /** How long a turn of the client's event loop takes. */
  readonly turnMs: number;
  /** Whether one poll of the sockets tells all that they bring before the program goes on. */
  readonly readsInBatches: boolean;
  /** Sockets that are closed with unsent bytes have timers of their own, also after the pool was closed. */
  readonly unsent?: Unsent;
  /** Another timer is set, which must not be after the pool was closed. */
  timerSet(): void;
  timerRings(): void;
}

/** The clock of one client. */
export class ClientClock implements Clock {
  readonly stops: boolean;
  readonly reportsInBatches: boolean;
  readonly #world: ClockWorld;
  #shown = 0;

  constructor(world: ClockWorld, stops: boolean) {
    this.#world = world;
    this.stops = stops;
    this.reportsInBatches = world.readsInBatches;
  }

  /**
   * An appointment is about to be kept. What the program does right after a block is the end of its computation: nothing
   * has reached it since, so a clock that stands still does not show the block.
   */
  reached(lane: Lane): void {
    const { agenda } = this.#world;
    if (lane === LANE.server || lane === LANE.toServer || (lane === LANE.client && agenda.comesTo)) return;
    this.#shown = Math.max(this.#shown, Math.floor(agenda.clientNow));
  }

  /** By how much it is behind. */
  get behindMs(): number {
    return this.#world.agenda.clientNow - this.now();
  }

  now(): number {
    return this.stops ? this.#shown : this.#world.agenda.clientNow;
  }

  wall(): number {
    const { agenda, wallStep } = this.#world;
    return 1.7e12 + (this.stops ? this.#shown + agenda.slept : agenda.now) + wallStep;
  }

  /** Like a runtime's timers: whole milliseconds, at least one, and no more than a timer can hold. */
  schedule(delayMs: number, callback: () => void) {
    const { unsent } = this.#world;
    const isOfUnsent = unsent?.sets(delayMs) === true;
    if (!isOfUnsent) this.#world.timerSet();
    const ms = Math.min(Math.max(1, Math.ceil(delayMs)), 2_147_483_647);
    return this.#world.agenda.schedule(LANE.timer, ms, () => {
      if (unsent !== undefined && isOfUnsent) unsent.timers -= 1;
      this.#world.timerRings();
      callback();
    });
  }

  turn(callback: () => void): void {
    this.#world.agenda.schedule(LANE.turn, this.#world.turnMs, callback);
  }
}
