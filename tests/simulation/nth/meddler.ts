/**
 * Meddler: a user whose functions act. At the Nth call of one of them it does one deed, and it checks what follows.
 */

import type { Clock, PoolEvent, PoolOptions } from "../../../mod.ts";
import type { Socket, Transport } from "../../../src/contract/transport.ts";
import type { PlaceName } from "./places.ts";
import type { ScenarioRun } from "./scenario-run.ts";

/** What a function can do when it is called. */
export const DEEDS = [
  "abort the last call",
  "abort the first call",
  "abort all calls",
  "close",
  "close at once, twice",
  "drain",
  "subscribe",
  "unsubscribe",
  "send a request",
  "preconnect",
  "throw",
] as const;

export type Deed = (typeof DEEDS)[number];

/** What to do, and at which call. */
export interface Plan {
  readonly place: PlaceName;
  readonly nth: number;
  readonly deed: Deed;
}

/** Wraps one of the user's functions with the meddler. */
type Meddled = <A extends unknown[], R>(place: PlaceName, call: (...given: A) => R) => (...given: A) => R;

/** A user who meddles once. */
export class Meddler {
  /** How often the library called each place. */
  readonly calls: Map<string, number> = new Map();
  readonly thrown = new Error("thrown by the meddler");
  /** What went wrong. */
  readonly problems: string[] = [];
  readonly #plan: Plan | undefined;
  readonly #controllers: AbortController[] = [];
  readonly #aborted: Set<number> = new Set();
  readonly #ends: Map<number, number> = new Map();
  readonly #leave: (() => void)[] = [];
  #run: ScenarioRun | undefined;

  constructor(plan?: Plan) {
    this.#plan = plan;
  }

  enter(run: ScenarioRun): void {
    this.#run = run;
    const { pool } = run;
    for (let count = 0; count < 2; count++) this.#leave.push(pool.subscribe(() => {}));
    pool.subscribe((event) => this.#witness(event));
  }

  nextSignal(): AbortSignal {
    const controller = new AbortController();
    this.#controllers.push(controller);
    controller.signal.addEventListener("abort", () => this.#heardAbort());
    return controller.signal;
  }

  /** The platform reports what a listener of a signal throws, whoever aborts. */
  #heardAbort(): void {
    try {
      this.reached("call signal.listener");
    } catch (error) {
      if (error !== this.thrown) throw error;
    }
  }

  get tag(): Readonly<Record<string, string>> {
    return { "x-call": String(this.#controllers.length - 1) };
  }

  /** Each request that started must have ended exactly once. */
  judge(): string[] {
    const wrong = [...this.#ends].filter(([, ends]) => ends !== 1);
    return [...this.problems, ...wrong.map(([request, ends]) => `request ${request} ended ${ends} times`)];
  }

  #witness(event: PoolEvent): void {
    if (event.type === "request.started") this.#ends.set(event.request, 0);
    if (event.type !== "request.finished" && event.type !== "request.failed") return;
    this.#ends.set(event.request, (this.#ends.get(event.request) ?? 0) + 1);
  }

  reached(place: PlaceName): void {
    const count = (this.calls.get(place) ?? 0) + 1;
    this.calls.set(place, count);
    const plan = this.#plan;
    if (plan !== undefined && plan.place === place && plan.nth === count) this.#do(plan.deed);
  }

  #do(deed: Deed): void {
    const run = this.#run;
    // The pool asks the clock while it is being created.
    if (run === undefined) return;
    const { pool } = run;
    switch (deed) {
      case "abort the last call":
        return this.#abort(this.#controllers.length - 1);
      case "abort the first call":
        return this.#abort(0);
      case "abort all calls":
        return this.abortAll();
      case "close":
        return void run.call(pool.close({ timeout: 20 }));
      case "close at once, twice":
        run.close();
        return run.close();
      case "drain":
        return pool.drain();
      case "subscribe":
        return void pool.subscribe(() => {});
      case "unsubscribe":
        for (const leave of this.#leave) leave();
        return;
      case "send a request":
        return void run.call(pool.request("http://a.test/more").then((answer) => answer.text()));
      case "preconnect":
        return void run.call(pool.preconnect("http://b.test").then(() => "preconnected"));
      case "throw":
        throw this.thrown;
    }
  }

  abortAll(): void {
    for (const index of this.#controllers.keys()) this.#abort(index);
  }

  #abort(index: number): void {
    if (this.#controllers[index] !== undefined) this.#aborted.add(index);
    this.#controllers[index]?.abort(this.#run?.reason);
  }

  /** The same options, with every function wrapped. */
  over(options: PoolOptions & { readonly transport: Transport; readonly clock: Clock }): PoolOptions {
    const meddled: Meddled =
      (place, call) =>
      (...given) => {
        this.reached(place);
        return call(...given);
      };
    const { random = Math.random } = options;
    const store = new Map<string, unknown>();
    return {
      ...options,
      transport: this.#transport(options.transport, meddled),
      clock: meddledClock(options.clock, meddled),
      random: meddled("option random", random),
      tls: meddled("option tls", () => ({})),
      resolve: meddled("option resolve", () => ["10.0.0.1", "10.0.0.2"]),
      origins: meddled("option origins", () => undefined),
      persistence: meddled("option persistence", () => true),
      serverHints: meddled("option serverHints", ({ keepAlive }) =>
        keepAlive === "junk" ? { timeoutMs: Number.NaN } : {},
      ),
      retry: meddled(
        "option retry",
        ({ sent, reused, repeatable, resendCount }) =>
          resendCount === 0 && (sent === "none" || (reused && repeatable)),
      ),
      learn: {
        store: {
          get: meddled("option learn.store.get", (origin) => store.get(origin) as undefined),
          set: meddled("option learn.store.set", (origin, value) => void store.set(origin, value)),
        },
      },
      onEvent: (event) => {
        this.reached("option onEvent");
        this.reached(`event ${event.type}`);
      },
    };
  }

  #transport(inner: Transport, meddled: Meddled): Transport {
    const plainText = (bytes: Uint8Array, start: number, end: number): string =>
      new TextDecoder("latin1").decode(bytes.subarray(start, end));
    return {
      ...inner,
      connect: meddled("option transport.connect", async (...given) =>
        this.#socket(await inner.connect(...given), meddled),
      ),
      decoder: meddled("option transport.decoder", (coding: string) => inner.decoder?.(coding)),
      alloc: meddled("option transport.alloc", (length: number) => new Uint8Array(length)),
      text: {
        latin1: meddled("option transport.text.latin1", plainText),
        utf8: meddled("option transport.text.utf8", plainText),
      },
      context: meddled("option transport.context", () => undefined),
    };
  }

  #socket(inner: Socket, meddled: Meddled): Socket {
    return {
      ...inner,
      // Differs from what was asked for, which the pool must report.
      applied: { ...inner.applied, noDelay: false },
      write: (head, body, tail) => {
        this.#wrote(head);
        return meddled("socket write", inner.write)(head, body, tail);
      },
      pause: meddled("socket pause", () => inner.pause()),
      resume: meddled("socket resume", () => inner.resume()),
      ref: meddled("socket ref", (active) => inner.ref(active)),
      setHandler: meddled("socket setHandler", (handler) => inner.setHandler(handler)),
      close: meddled("socket close", () => inner.close()),
      abort: meddled("socket abort", () => inner.abort()),
    };
  }

  /** A request that was aborted before it was written must not be written. */
  #wrote(head: string | Uint8Array): void {
    const call = typeof head === "string" ? /^x-call: (\d+)/m.exec(head)?.[1] : undefined;
    if (call !== undefined && this.#aborted.has(Number(call)))
      this.problems.push(`call ${call} was sent after its abort`);
  }
}

function meddledClock(inner: Clock, meddled: Meddled): Clock {
  return {
    now: meddled("option clock.now", () => inner.now()),
    wall: meddled("option clock.wall", () => inner.wall()),
    schedule: meddled("option clock.schedule", (ms, then) => inner.schedule(ms, then)),
    turn: meddled("option clock.turn", (then, unblocked) => inner.turn(then, unblocked)),
    ref: meddled("option clock.ref", (active) => inner.ref?.(active)),
  };
}
