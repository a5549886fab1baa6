/** Open loop: requests that come when they come, whether or not earlier ones were answered, and how long each waits. */

import type { Send } from "./clients/sender.ts";
import type { Launch } from "./launch.ts";

/** Requests without an answer from which a client does not keep up, and would only fill its memory. */
const MOST_WAITING = 20_000;

/** What came of it. */
export interface OpenRun {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly micros: Float64Array;
}

/** What is sent, and what must come. */
type Load = Pick<Launch, "expected"> & {
  readonly arrivals: number;
  /** As many may wait for an answer. What comes meanwhile does not count as due: that is for a warm-up. @default no limit */
  readonly mostWaiting?: number;
};

/** The same gaps for every client, exponentially distributed, as those of many users who know nothing of each other. */
class Gaps {
  readonly #perSecond: number;
  #state = 1;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** The next one, in ms. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (-Math.log((this.#state + 1) / (2 ** 32 + 1)) / this.#perSecond) * 1000;
  }
}

/**
 * Sends for so many ms. A latency begins when the request was due, so that a client that is late does not hide it. The loop
 * turns without rest between them: a timer of 1 ms would be longer than what is measured. Deno then asks the kernel after each 61
 * turns, some 60 µs, for every client alike.
 */
export function openLoop(
  send: Send,
  load: Load,
  ms: number,
  now: () => number = () => performance.now(),
): Promise<OpenRun> {
  return new Arrivals(send, load, ms, now).run();
}

/**
 * One run. Its steps are methods, which every run has in common, and a turn makes no promise. When they were one function that
 * awaits each turn, V8 compiled it anew in each run, with the whole client in it: 10 to 16 ms of a run of 500, on the client's core.
 */
class Arrivals {
  readonly #send: Send;
  readonly #expected: number;
  readonly #mostWaiting: number;
  readonly #now: () => number;
  readonly #gaps: Gaps;
  readonly #micros: Float64Array;
  readonly #startedAt: number;
  readonly #until: number;
  #due: number;
  #sent = 0;
  #answered = 0;
  #failure: unknown;
  #over: () => void = () => {};

  constructor(
    send: Send,
    { expected, arrivals, mostWaiting = Infinity }: Load,
    ms: number,
    now: () => number,
  ) {
    this.#send = send;
    this.#expected = expected;
    this.#mostWaiting = mostWaiting;
    this.#now = now;
    this.#gaps = new Gaps(arrivals);
    this.#micros = new Float64Array(Math.ceil((arrivals * ms) / 1000) * 2 + 100);
    this.#startedAt = now();
    this.#until = this.#startedAt + ms;
    this.#due = this.#startedAt + this.#gaps.next();
  }

  async run(): Promise<OpenRun> {
    await new Promise<void>((resolve) => {
      this.#over = resolve;
      this.#turn();
    });
    if (this.#failure !== undefined) throw this.#failure;
    const requests = this.#sent;
    const micros = this.#micros.subarray(0, Math.min(requests, this.#micros.length)).sort();
    return { requests, elapsedMs: this.#now() - this.#startedAt, micros };
  }

  readonly #turn = (): void => {
    this.#sendDue(this.#now());
    const waiting = this.#sent - this.#answered;
    if (waiting > MOST_WAITING)
      this.#failed(new Error(`does not keep up: ${MOST_WAITING.toLocaleString("en")} requests waited`));
    const goesOn = this.#due < this.#until || waiting > 0;
    if (goesOn && this.#failure === undefined) setImmediate(this.#turn);
    else this.#over();
  };

  #sendDue(at: number): void {
    while (this.#due <= at && this.#due < this.#until) {
      if (this.#sent - this.#answered >= this.#mostWaiting) {
        this.#due = at;
        return;
      }
      this.#sent += 1;
      this.#one(this.#due).catch(this.#failed);
      this.#due += this.#gaps.next();
    }
  }

  async #one(dueAt: number): Promise<void> {
    const size = await this.#send();
    if (size !== this.#expected) throw new Error(`${size} bytes came instead of ${this.#expected}`);
    this.#micros[this.#answered++] = (this.#now() - dueAt) * 1000;
  }

  readonly #failed = (error: unknown): void => {
    this.#failure ??= error;
  };
}
