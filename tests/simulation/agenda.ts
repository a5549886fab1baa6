/**
 * Agenda: virtual time. Everything that happens in a simulated world is an appointment; the next one is always the
 * earliest, and among those of one moment the order is by lane, so that a run depends on its seed and on nothing else.
 */

/**
 * Whose appointment it is. Of one moment, timers and the program come before the sockets, as in an event loop that
 * was blocked, and {@linkcode Clock.turn} comes after them.
 */
export const LANE = { timer: 0, client: 1, server: 2, toServer: 3, toClient: 4, turn: 5 } as const;
export type Lane = (typeof LANE)[keyof typeof LANE];

/** Something that will happen. */
export class Appointment {
  at: number;
  tie: number;
  readonly lane: Lane;
  /** When it would have been, had the client not been busy or asleep. */
  readonly due: number;
  callback: (() => void) | undefined;
  readonly #agenda: Agenda;

  constructor(agenda: Agenda, due: number, lane: Lane, tie: number, callback: () => void) {
    this.#agenda = agenda;
    this.at = due;
    this.due = due;
    this.lane = lane;
    this.tie = tie;
    this.callback = callback;
  }

  /** Keeps it; once kept it cannot be cancelled. */
  keep(): void {
    const { callback } = this;
    this.callback = undefined;
    callback?.();
  }

  cancel(): void {
    if (this.callback === undefined) return;
    this.callback = undefined;
    this.#agenda.pending[this.lane] -= 1;
  }
}

/** Times are multiples of this, so that sums of them are exact on every runtime. */
const GRAIN = 1 / 64;

/** A time in ms as the agenda likes it. */
export function grain(ms: number): number {
  return Math.round(ms / GRAIN) * GRAIN;
}

/** What is to happen, in its order. */
export class Agenda {
  /** Ms since the world began, nights included. */
  now = 0;
  /** Ms of them in which the client's machine was suspended. */
  slept = 0;
  /** How often it was. */
  nights = 0;
  /** What the client sets about while it is held waits as well; older seeds know a program that goes on. */
  strict = false;
  /** Appointments not kept yet, by lane. */
  readonly pending: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
  #heap: Appointment[] = [];
  #made = 0;
  /** Until then nothing reaches the client: it is blocked, or asleep. */
  #heldUntil = 0;
  #heldAsleep = 0;

  /** Until then nothing reaches the client. */
  get busyUntil(): number {
    return this.#heldUntil;
  }

  /** Whether the client has just come to from a block, and has not heard yet what came meanwhile. */
  get comesTo(): boolean {
    return this.now > 0 && this.now === this.#heldUntil;
  }

  /** The client's monotonic clock, which stands still while its machine is suspended. */
  get clientNow(): number {
    return this.now - this.slept;
  }

  /** `tie` orders appointments of one lane and one moment; without one, they come in the order they were made in. */
  schedule(lane: Lane, delayMs: number, callback: () => void, tie?: number): Appointment {
    this.#made += 1;
    const due = this.now + grain(delayMs);
    const appointment = new Appointment(this, due, lane, tie ?? this.#made, callback);
    if (lane === LANE.toClient) appointment.at = Math.max(due, this.#heldUntil);
    else if (this.strict && isClients(lane)) appointment.at = this.#afterHold(due);
    this.pending[lane] += 1;
    this.#push(appointment);
    return appointment;
  }

  /** Whoever is busy, or asleep, gets round to nothing before that is over. */
  #afterHold(due: number): number {
    if (this.now >= this.#heldUntil) return due;
    return this.#heldAsleep > 0 ? due + this.#heldUntil - this.now : Math.max(due, this.#heldUntil);
  }

  /** The next appointment, at whose time it is now. */
  next(): Appointment | undefined {
    for (;;) {
      const next = this.#pop();
      if (next === undefined) return undefined;
      if (next.callback === undefined) continue;
      this.now = next.at;
      if (this.#heldAsleep > 0 && this.now >= this.#heldUntil) {
        this.slept += this.#heldAsleep;
        this.nights += 1;
        this.#heldAsleep = 0;
      }
      this.pending[next.lane] -= 1;
      return next;
    }
  }

  /**
   * Nothing reaches the client for `ms`, while its servers go on. Blocked, its clock runs, and all that is overdue
   * comes at once; asleep, its clock stands still, so its timers come later by as much.
   */
  hold(ms: number, asleep: boolean): void {
    if (this.now < this.#heldUntil) return;
    const until = this.now + grain(ms);
    this.#heldUntil = until;
    if (asleep) this.#heldAsleep = until - this.now;
    const heap = this.#heap.filter(({ callback }) => callback !== undefined).sort(inOrder);
    this.#heap = [];
    for (const appointment of heap) {
      const { lane, at } = appointment;
      if (lane === LANE.toClient || (isClients(lane) && !asleep)) appointment.at = Math.max(at, until);
      else if (isClients(lane)) appointment.at = at + until - this.now;
      if (lane === LANE.toClient || lane === LANE.timer) appointment.tie = ++this.#made;
    }
    for (const appointment of heap) this.#push(appointment);
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt]!;
      if (inOrder(parent, appointment) <= 0) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = appointment;
  }

  #pop(): Appointment | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return moved;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      if (childAt + 1 < heap.length && inOrder(heap[childAt + 1]!, heap[childAt]!) < 0) childAt += 1;
      const child = heap[childAt]!;
      if (inOrder(moved, child) <= 0) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = moved;
    return first;
  }
}

function isClients(lane: Lane): boolean {
  return lane === LANE.timer || lane === LANE.client || lane === LANE.turn;
}

function inOrder(one: Appointment, other: Appointment): number {
  return one.at - other.at || one.lane - other.lane || one.tie - other.tie;
}
