/** Progress: tells once a second what a probe waits for, and how long still. */

import type { Clock } from "../contract/clock.ts";
import type { ServerProbeOptions } from "./probe-options.ts";
import type { Run } from "./run.ts";

const PROGRESS_MS = 1000;

/** What is waited for. */
export class Progress {
  readonly #run: Run;
  readonly #clock: Clock;
  readonly #tell: ServerProbeOptions["onProgress"];
  readonly #waiting: Set<string> = new Set();
  #cancel: () => void = () => {};

  constructor(run: Run, clock: Clock, { onProgress }: ServerProbeOptions) {
    this.#run = run;
    this.#clock = clock;
    this.#tell = onProgress;
    run.endsAt = clock.now() + run.settings.maxIdleMs;
    if (onProgress !== undefined) this.#tick();
  }

  #tick(): void {
    const timer = this.#clock.schedule(PROGRESS_MS, () => {
      this.#say();
      this.#tick();
    });
    this.#cancel = () => timer.cancel();
  }

  #say(): void {
    this.#tell?.({
      waitingFor: [...this.#waiting].join(", "),
      leftMs: Math.max(0, this.#run.endsAt - this.#clock.now()),
      connections: this.#run.connections,
      requests: this.#run.requests,
    });
  }

  /** Names what an experiment waits for until it has ended. */
  async while<T>(name: string, experiment: Promise<T>): Promise<T> {
    this.#waiting.add(name);
    try {
      return await experiment;
    } finally {
      this.#waiting.delete(name);
      this.#say();
    }
  }

  end(): void {
    this.#cancel();
  }
}
