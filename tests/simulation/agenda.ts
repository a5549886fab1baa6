/**
 * Agenda: virtual time. Everything that happens in a simulated world is an appointment. The earliest appointment is
 * always next. Appointments of the same moment are ordered by lane, so that a run depends on its seed and on nothing
 * else.
 */

/**
 * Who has the appointment. At the same moment, timers and the program come before the sockets, as in an event loop
 * that was blocked. {@linkcode Clock.turn} comes after the sockets.
 */
export const LANE = { timer: 0, client: 1, server: 2, toServer: 3, toClient: 4, turn: 5 } as const;
export type Lane = (typeof LANE)[keyof typeof LANE];

/** Something that will happen. */
export class Appointment {
  at: number;
  tie: number;
  readonly lane: Lane;
  /** When it was due originally. A block or a suspension of the client postpones it. */
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

  /** Runs the callback. After that, the appointment cannot be cancelled. */
  keep(): void {
    const { callback } = this;
    this.callback = undefined;
    callback?.();
  }

  cancel(): void {
    if (this.callback === undefined) return;
    this.callback = undefined;
    this.#agenda.waiting[this.lane] -= 1;
  }
}

/** Times are multiples of this, so that their sums are exact on every runtime. */
const GRAIN = 1 / 64;

/** The time in ms, rounded to the grain. */
export function grain(ms: number): number {
  return Math.round(ms / GRAIN) * GRAIN;
}

/** All appointments, in order. */
export class Agenda {
  /** Ms since the world began, suspensions included. */
  now = 0;
  /** How many of these ms the client's machine was suspended. */
  slept = 0;
  /** How often the client's machine was suspended. */
  suspensions = 0;
  /** Whether an interruption also postpones what the client schedules during it. Off for older seeds. */
  strict = false;
  /** How many appointments are waiting, by lane. */
  readonly waiting: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
  #heap: Appointment[] = [];
  #made = 0;
  /** Until this time nothing reaches the client, because it is blocked or suspended. */
  #interruptedUntil = 0;
  #interruptedAsleep = 0;

  /** Until this time nothing reaches the client. */
  get busyUntil(): number {
    return this.#interruptedUntil;
  }

  /** Whether the client has just resumed after a block and has not yet been told what arrived meanwhile. */
  get comesTo(): boolean {
    return this.now > 0 && this.now === this.#interruptedUntil;
  }

  /** The client's monotonic clock. It stands still while the machine is suspended. */
  get clientNow(): number {
    return this.now - this.slept;
  }

  /**
   * `tie` orders appointments of the same lane and moment. Without it, they keep the order in which they were made.
   */
  schedule(lane: Lane, delayMs: number, callback: () => void, tie?: number): Appointment {
    this.#made += 1;
    const due = this.now + grain(delayMs);
    const appointment = new Appointment(this, due, lane, tie ?? this.#made, callback);
    if (lane === LANE.toClient) appointment.at = Math.max(due, this.#interruptedUntil);
    else if (this.strict && isClients(lane)) appointment.at = this.#afterInterruption(due);
    this.waiting[lane] += 1;
    this.#push(appointment);
    return appointment;
  }

  /** An interruption postpones every appointment of the client until it is over. */
  #afterInterruption(due: number): number {
    if (this.now >= this.#interruptedUntil) return due;
    return this.#interruptedAsleep > 0
      ? due + this.#interruptedUntil - this.now
      : Math.max(due, this.#interruptedUntil);
  }

  /** Takes the next appointment, and moves the time forward to it. */
  next(): Appointment | undefined {
    for (;;) {
      const next = this.#pop();
      if (next === undefined) return undefined;
      if (next.callback === undefined) continue;
      this.now = next.at;
      if (this.#interruptedAsleep > 0 && this.now >= this.#interruptedUntil) {
        this.slept += this.#interruptedAsleep;
        this.suspensions += 1;
        this.#interruptedAsleep = 0;
      }
      this.waiting[next.lane] -= 1;
      return next;
    }
  }

  /**
   * Nothing reaches the client for `ms`, while its servers go on. If it is blocked, its clock runs, and everything
   * overdue comes at once afterwards. If it is asleep, its clock stands still, so its timers come later by this time.
   */
  interrupt(ms: number, asleep: boolean): void {
    if (this.now < this.#interruptedUntil) return;
    const until = this.now + grain(ms);
    this.#interruptedUntil = until;
    if (asleep) this.#interruptedAsleep = until - this.now;
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
