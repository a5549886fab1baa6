/** Progress: what is being measured, and how long the rest will take, by how long things took until now. */

import { minutes } from "./sections.ts";

/** Of one run. */
export class Progress {
  readonly #planned: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  #done = 0;

  /** `planned`: seconds that the whole run is believed to take. `now`: in ms. */
  constructor(planned: number, now: () => number = () => performance.now()) {
    this.#planned = planned;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Something is done that was believed to take so many seconds. */
  done(seconds: number): void {
    this.#done += seconds;
  }

  /** What is left, in seconds, if it goes on as it went. At first only what was planned is known. */
  get left(): number {
    const rest = Math.max(0, this.#planned - this.#done);
    const tookTimes = this.#done === 0 ? 1 : (this.#now() - this.#startedAt) / 1000 / this.#done;
    return rest * tookTimes;
  }

  /** A line for people. */
  line(what: string): string {
    const passed = minutes((this.#now() - this.#startedAt) / 1000);
    const left = this.left < 1 ? "nothing left" : `about ${minutes(this.left)} left`;
    return `${what} (${passed}, ${left})`;
  }
}
