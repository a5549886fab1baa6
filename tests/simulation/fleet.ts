/** Fleet: runs chunks of seeds in several worker processes at a time, until there were enough requests. */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChunkOptions, ChunkReport } from "./chunk.ts";
import { LANDED } from "./dimensions.ts";
import { Figures } from "./figures.ts";
import type { Failure, RunOptions } from "./run.ts";

/** What a fleet does. It ends at whichever limit comes first. */
export interface FleetOptions extends RunOptions {
  readonly from: number;
  readonly jobs: number;
  /** Seeds in all. */
  readonly seeds: number;
  /** Requests in all. */
  readonly total: number;
  readonly seconds: number;
  /** Seeds that broke an invariant. */
  readonly failures: number;
}

/**
 * Requests of one process. Starting one takes a second, and each request may leave some hundred bytes behind in it.
 */
const CHUNK_REQUESTS = 150_000;

/** A worker that reports nothing for this long, in ms, hangs. */
const SILENCE_MS = 300_000;

const script = fileURLToPath(new URL("./chunk.ts", import.meta.url));

/** The worker processes. */
export class Fleet {
  readonly figures = new Figures();
  readonly failures: Failure[] = [];
  /** The number of seeds whose figures are complete. */
  seed = 0;
  readonly #options: FleetOptions;
  readonly #workers: Set<ChildProcess> = new Set();
  readonly #started = performance.now();
  #next: number;
  #handedOut = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Seconds left at the rate so far; `Infinity` if unknown. */
  get secondsLeft(): number {
    const { total, seeds, seconds } = this.#options;
    const done = Math.max(this.figures.requests / total, this.figures.worlds / seeds);
    return Math.min(done === 0 ? Infinity : (this.seconds * (1 - done)) / done, seconds - this.seconds);
  }

  /** Resolves when all seeds are done. */
  async run(): Promise<void> {
    const lanes = Array.from({ length: this.#options.jobs }, async () => {
      for (let options = this.#take(); options !== undefined; options = this.#take())
        await this.#work(options);
    });
    await Promise.all(lanes);
  }

  /** Ends every worker. */
  stop(): void {
    this.#next = Infinity;
    for (const worker of this.#workers) worker.kill("SIGKILL");
  }

  get #over(): boolean {
    const { total, seconds, failures } = this.#options;
    return this.figures.requests >= total || this.seconds >= seconds || this.failures.length >= failures;
  }

  #take(): ChunkOptions | undefined {
    const { requests, days, kinds, silence, from, seeds, total } = this.#options;
    const left = from + seeds - this.#next;
    if (this.#over || !(left > 0) || this.#handedOut >= total) return undefined;
    const most = Math.ceil(Math.min(CHUNK_REQUESTS, total - this.#handedOut) / requests);
    const count = Math.min(left, Math.max(1, most));
    const options = { from: this.#next, seeds: count, requests, days, kinds, silence };
    this.#next += options.seeds;
    this.#handedOut += options.seeds * requests;
    return options;
  }

  #work(options: ChunkOptions): Promise<void> {
    const worker = fork(script);
    let [seed, done] = [options.from - 1, false];
    const hangs = (): void => void worker.kill("SIGKILL");
    let watch = setTimeout(hangs, SILENCE_MS);
    this.#workers.add(worker);
    worker.send(options);
    worker.on("message", (message) => {
      const news = message as ChunkReport;
      ({ seed, done } = news);
      this.#heard(news);
      clearTimeout(watch);
      watch = setTimeout(hangs, SILENCE_MS);
      if (this.#over) worker.kill("SIGKILL");
    });
    return new Promise((resolve) => {
      worker.on("exit", (code, signal) => {
        clearTimeout(watch);
        this.#workers.delete(worker);
        if (!done && !this.#over && this.#next !== Infinity) {
          const last = options.from + options.seeds - 1;
          const message = `the process of the seeds ${seed + 1} to ${last} ended with ${code ?? signal}`;
          this.#broke({ seed: seed + 1, message });
        }
        resolve();
      });
    });
  }

  #heard({ seed, figures, failures }: ChunkReport): void {
    this.seed = Math.max(this.seed, seed);
    this.figures.add(figures);
    for (const failure of failures) this.#broke(failure);
  }

  #broke(failure: Failure): void {
    this.failures.push(failure);
    const { seed, message } = failure;
    const pair = /, (pair|neighbours):/.exec(message)?.[1];
    const beside = pair === undefined ? "" : ` --${pair}`;
    console.log(
      `${message}\n  replay: --requests ${this.#options.requests} --replay ${seed}${beside}${about(this.#options)}`,
    );
  }
}

/** The options without which a seed is another world. */
function about({ silence, days, kinds }: RunOptions): string {
  const still = silence === undefined ? "" : ` --silence ${silence}`;
  const long = days === undefined ? "" : ` --days ${days}`;
  const some = kinds.join() === LANDED.join() ? "" : ` --only "${kinds.join()}"`;
  return `${still}${long}${some}`;
}
