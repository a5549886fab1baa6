/** Unsent: sockets of a world that are closed with bytes which their peers do not read. None may stay for longer than the limit. */

import { UNSENT_MS } from "../../src/pool/unsent.ts";
import { type Agenda, LANE } from "./agenda.ts";

/** A timer counts whole milliseconds, and turns of the event loop take time. */
const SLACK_MS = 60;

/** What it needs from its world. */
export interface UnsentWorld {
  readonly agenda: Agenda;
  /** The program was blocked or suspended at some time, or its timers are late, so that the limit may be exceeded. */
  readonly wasInterrupted: boolean;
  fail(what: string): void;
}

/** The sockets of one world. */
export class Unsent {
  /** Timers of the library that end such sockets. They go on after a pool was closed. */
  timers = 0;
  readonly #world: UnsentWorld;
  readonly #sockets: Set<object> = new Set();
  /** Sockets that have just been closed, whose timers are about to be set. */
  #awaited = 0;

  constructor(world: UnsentWorld) {
    this.#world = world;
  }

  /** How many there are. */
  get size(): number {
    return this.#sockets.size;
  }

  closes(socket: object): void {
    this.#sockets.add(socket);
    this.#awaited += 1;
    this.#world.agenda.schedule(LANE.server, UNSENT_MS + SLACK_MS, () => {
      if (this.#sockets.has(socket) && !this.#world.wasInterrupted)
        this.#world.fail(`a socket that was closed with unsent bytes is there after ${UNSENT_MS} ms`);
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
