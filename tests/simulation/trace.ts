/** Trace: everything that happened in a world, as one number, and as text for a replay. */

/** What a trace notes. The hash depends on the order of this list, so new words go to its end. */
const WORDS = [
  "connect",
  "connect fails",
  "open",
  "write",
  "deliver",
  "end delivered",
  "closed by pool",
  "aborted by pool",
  "server read",
  "server executes",
  "server sends",
  "server ends",
  "server fault",
  "request",
  "answered",
  "failed",
  "read",
  "aborts",
  "timer",
  "block",
  "sleep",
  "drain",
  "preconnect",
  "restart",
  "limit changes",
  "wall steps",
  "close",
  "retired",
  "retried",
  "learned",
  "stats",
  "parked",
  "taken",
  "moves",
  "late",
  "event",
] as const;

export type Word = (typeof WORDS)[number];

const CODES = Object.fromEntries(WORDS.map((word, at) => [word, at + 1])) as Record<Word, number>;

interface Note {
  readonly code: number;
  readonly one: number;
  readonly two: number;
}

function inOrder(a: Note, b: Note): number {
  return a.code - b.code || a.one - b.one || a.two - b.two;
}

/** A hash of everything noted, and of its order. */
export class Trace {
  #hash = 0x811c9dc5;
  readonly #lines: string[] | undefined;
  readonly #now: () => number;
  readonly #noted: Note[] = [];

  constructor(now: () => number, readable: boolean) {
    this.#now = now;
    this.#lines = readable ? [] : undefined;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** `one` and `two` are numbers of connections, requests and the like. `say` is for people only. */
  note(word: Word, one = 0, two = 0, say?: string): void {
    this.#noted.push({ code: CODES[word], one, two });
    this.#lines?.push(`${this.#now().toFixed(3).padStart(14)}  ${word} ${one} ${two} ${say ?? ""}`.trimEnd());
  }

  /**
   * Adds what was noted since the last time to the hash, in sorted order: runtimes differ in which of two promises
   * that settle at one moment is reported first.
   */
  settle(): void {
    const noted = this.#noted;
    if (noted.length === 0) return;
    if (noted.length > 1) noted.sort(inOrder);
    this.#mix(this.#now() * 64);
    for (const { code, one, two } of noted) {
      this.#mix(code);
      this.#mix(one);
      this.#mix(two);
    }
    noted.length = 0;
  }

  #mix(number: number): void {
    const mixed = Math.imul(this.#hash ^ (number | 0), 0x01000193);
    this.#hash = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  }
}
