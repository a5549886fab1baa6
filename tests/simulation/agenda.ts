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

/** Ranks of what reaches the client after an interruption, in the place of the order of lanes. */
export type RankOf = (lane: Lane) => number;

/** Something that will happen. */
export class Appointment {
  at: number;
  /** Its place among those of the same moment: that of its lane, unless an interruption gave it another one. */
  rank: number;
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
    this.rank = lane;
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
  #rankOf: RankOf = byLane;
  /** From when to when what the sockets bring is not told to the program, which goes on otherwise. */
  #deaf = { from: 0, until: 0 };
  /** Until this time no timer fires. */
  #timersFrom = 0;
  #lateUntil = 0;

  /** Until this time nothing reaches the client. */
  get busyUntil(): number {
    return this.#interruptedUntil;
  }

  /** Whether the client has just resumed after a block and has not yet been told what arrived meanwhile. */
  get comesTo(): boolean {
    return this.now > 0 && this.now === this.#interruptedUntil;
  }

  /** The last time for which the program did not hear its sockets, though its event loop ran. */
  get deaf(): { readonly from: number; readonly until: number } {
    return this.#deaf;
  }

  /** Until this time something of the client is late: all of it, its sockets or its timers. */
  get lateUntil(): number {
    return this.#lateUntil;
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
    if (lane === LANE.toClient) {
      appointment.at = Math.max(due, this.#interruptedUntil, this.#deaf.until);
      if (this.now < this.#interruptedUntil && due <= this.#interruptedUntil)
        appointment.rank = this.#rankOf(lane);
    } else if (this.strict && isClients(lane)) appointment.at = this.#afterInterruption(due);
    if (lane === LANE.timer) appointment.at = Math.max(appointment.at, this.#timersFrom);
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
   *
   * `rankOf`: the order in which what reaches it then comes. Timers come first by default, as in a loop that was blocked by one.
   */
  interrupt(ms: number, asleep: boolean, rankOf: RankOf = byLane): void {
    if (this.now < this.#interruptedUntil) return;
    const until = this.now + grain(ms);
    this.#interruptedUntil = until;
    this.#rankOf = rankOf;
    if (asleep) this.#interruptedAsleep = until - this.now;
    // What is late when the machine falls asleep is late by as much when it wakes.
    const lateMs = asleep ? Math.max(0, this.#lateUntil - this.now) : 0;
    this.#lateUntil = Math.max(this.#lateUntil, until + lateMs);
    for (const appointment of this.#takeAll()) {
      const { lane, at } = appointment;
      if (lane === LANE.toClient || (isClients(lane) && !asleep)) appointment.at = Math.max(at, until);
      else if (isClients(lane)) appointment.at = at + until - this.now;
      if (lane === LANE.toClient || lane === LANE.timer) appointment.tie = ++this.#made;
      if (lane === LANE.toClient && at <= until) appointment.rank = rankOf(lane);
      this.#push(appointment);
    }
  }

  /**
   * The sockets are read late: what comes for `ms` is told at the end of it. The program and its timers go on. A shorter time
   * within a longer one does not end that: no poll tells of some sockets and not of others that had something before.
   */
  deafen(ms: number): void {
    const until = Math.max(this.#deaf.until, this.now + grain(ms));
    this.#deaf = { from: this.now > this.#deaf.until ? this.now : this.#deaf.from, until };
    this.#lateUntil = Math.max(this.#lateUntil, until);
    this.#postpone(LANE.toClient, until);
  }

  /**
   * The timers are late: those that are due within `ms` fire at the end of it. The sockets are read in time. A shorter time within
   * a longer one does not end that: no event loop fires a timer that was set meanwhile, and not those that were due before it.
   */
  delayTimers(ms: number): void {
    this.#timersFrom = Math.max(this.#timersFrom, this.now + grain(ms));
    this.#lateUntil = Math.max(this.#lateUntil, this.#timersFrom);
    this.#postpone(LANE.timer, this.#timersFrom);
  }

  #postpone(late: Lane, until: number): void {
    for (const appointment of this.#takeAll()) {
      if (appointment.lane === late && appointment.at < until) {
        appointment.at = until;
        appointment.tie = ++this.#made;
      }
      this.#push(appointment);
    }
  }

  /** Everything that waits, in order. The agenda is empty afterwards. */
  #takeAll(): Appointment[] {
    const all = this.#heap.filter(({ callback }) => callback !== undefined).sort(inOrder);
    this.#heap = [];
    return all;
  }

  /** Takes the next appointment if it is of this moment and lane. */
  nextAt(moment: number, lane: Lane): Appointment | undefined {
    for (let first = this.#heap[0]; first?.callback === undefined; first = this.#heap[0]) {
      if (first === undefined) return undefined;
      this.#pop();
    }
    const [first] = this.#heap;
    return first?.at === moment && first.lane === lane ? this.next() : undefined;
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

const byLane: RankOf = (lane) => lane;

function isClients(lane: Lane): boolean {
  return lane === LANE.timer || lane === LANE.client || lane === LANE.turn;
}

function inOrder(one: Appointment, other: Appointment): number {
  return one.at - other.at || one.rank - other.rank || one.tie - other.tie;
}
