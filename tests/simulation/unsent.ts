/** Unsent: sockets of a world that are closed with bytes which their peers do not read. None may stay for longer than the limit. */

import { UNSENT_MS } from "../../src/pool/unsent.ts";
import { type Agenda, LANE } from "./agenda.ts";
import type { Finding, Judges } from "./judges.ts";

/** A timer counts whole milliseconds, and turns of the event loop take time. */
const SLACK_MS = 60;

/** What it needs from its world. */
export interface UnsentWorld {
  readonly agenda: Agenda;
  /** The program was blocked or suspended at some time, or its timers are late, so that the limit may be exceeded. */
  readonly wasInterrupted: boolean;
  readonly judges: Judges;
}

/** The sockets of one world. */
export class Unsent {
  /** Timers of the library that end such sockets. They go on after a pool was closed. */
  timers = 0;
  readonly #world: UnsentWorld;
  readonly #sockets: Set<object> = new Set();
  /** Sockets that have just been closed, whose timers are about to be set. */
  #awaited = 0;
  /** How many there were. */
  #closed = 0;

  constructor(world: UnsentWorld) {
    this.#world = world;
  }

  /** How many there are. */
  get size(): number {
    return this.#sockets.size;
  }

  /** What is wrong at the end. */
  left(): Finding | undefined {
    return this.#world.judges.finds(
      "no socket is left with unsent bytes",
      this.#closed > 0,
      this.size > 0,
      `${this.size} closed sockets are left with unsent bytes`,
    );
  }

  closes(socket: object): void {
    this.#sockets.add(socket);
    this.#awaited += 1;
    this.#closed += 1;
    this.#world.agenda.schedule(LANE.server, UNSENT_MS + SLACK_MS, () => {
      const { wasInterrupted, judges } = this.#world;
      judges.rules(
        "time of a socket with unsent bytes",
        !wasInterrupted,
        !wasInterrupted && this.#sockets.has(socket),
        `a socket that was closed with unsent bytes is there after ${UNSENT_MS} ms`,
      );
    });
  }

  over(socket: object): void {
    this.#sockets.delete(socket);
  }

  /** Whether a timer that is set now is that of such a socket. */
  sets(delayMs: number): boolean {
    if (this.#awaited === 0 || delayMs !== UNSENT_MS) return false;
    this.#awaited -= 1;
    this.timers += 1;
    return true;
  }
}
