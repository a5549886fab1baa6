/** Held answers: nobody of a batch of requests is answered before all have come, so that each has a connection of its own. */

/** The same as `hold()` of origin.c. */
export class HeldAnswers {
  #came = 0;
  #isOver = false;
  #waiting: (() => void)[] = [];
  #quiet: NodeJS.Timeout | undefined = undefined;

  /** Answers by `answer` once as many requests have come as the batch has, or none in that time. */
  add(answer: () => void, batch: number, quietMs: number): void {
    this.#came += 1;
    this.#waiting.push(answer);
    clearTimeout(this.#quiet);
    if (this.#came >= batch) this.#begin();
    else this.#quiet = setTimeout(() => this.#goOn(quietMs), quietMs);
    if (this.#isOver || this.#came === 0) this.#release();
  }

  /** The client has a limit of its own: the rest of its batch is answered as it comes. */
  #goOn(quietMs: number): void {
    if (this.#waiting.length === 0) return this.#begin();
    this.#isOver = true;
    this.#release();
    this.#quiet = setTimeout(() => this.#goOn(quietMs), quietMs);
  }

  /** The next request is the first of another batch. */
  #begin(): void {
    this.#came = 0;
    this.#isOver = false;
  }

  #release(): void {
    const answers = this.#waiting;
    this.#waiting = [];
    for (const answer of answers) answer();
  }
}
