/** Linear: whether the CPU time of a reader grows linearly, with inputs that make slow readers read the same text twice. */

import process from "node:process";

/** The characters of which slow inputs for regular expressions and hand-written loops are made. */
const ALPHABET = [" ", "\t", ",", ";", "=", '"', "\\", "0", "a", "/", "%", "@", ":", "\r\n"];

/** A base length, and 64 times as much: a linear reader takes 64 times as long, a quadratic one 4096 times. */
const BASE = 512;
const FACTOR = 64;

/** In ms. Only quadratic readers need longer for an input of that size; they take seconds. */
const WORTH_A_LOOK_MS = 100;

/** Reads a text. It may throw: errors must take linear time, too. */
export type Reader = (text: string) => unknown;

/** Every text of one and of two parts of the alphabet, and some of three, to be repeated. */
export function* patterns(): Generator<string> {
  for (const a of ALPHABET) yield a;
  for (const a of ALPHABET) for (const b of ALPHABET) if (a !== b) yield a + b;
  for (let at = 0; at < 40; at++) {
    const [a, b, c] = [at * 7, at * 11 + 3, at * 5 + 1].map((index) => ALPHABET[index % ALPHABET.length]);
    yield `${a}${b}${c}`;
  }
}

function repeated(pattern: string, length: number): string {
  return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
}

/** CPU time of this process, in ms. It does not include other programs on the machine. */
export function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch {
    // A refusal counts as reading.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of five measurements, because every disturbance makes them longer. */
export function bestOfFive(work: () => unknown): number {
  return Math.min(...Array.from({ length: 5 }, () => cpuMs(work)));
}

/**
 * How many times longer 64 times the input may take: four times as long as a linear reader. Most inputs are read so fast that they are
 * not measured again. Most others take about as long as 64 small ones at the first attempt: a quadratic reader takes 64 times as long.
 */
export function tooSlow(read: (text: string) => unknown, of: (length: number) => string): string | undefined {
  const large = of(BASE * FACTOR);
  const first = cpuMs(() => read(large));
  if (first < WORTH_A_LOOK_MS) return undefined;
  const small = of(BASE);
  const readSmall = (): void => {
    for (let time = 0; time < FACTOR; time++) silently(read, small);
  };
  if (first <= 2 * cpuMs(readSmall)) return undefined;
  const base = bestOfFive(readSmall);
  const whole = bestOfFive(() => read(large));
  if (whole <= Math.max(WORTH_A_LOOK_MS, 4 * base)) return undefined;
  return `${whole.toFixed(1)} ms, ${FACTOR} small ones of the same text ${base.toFixed(1)} ms`;
}

function silently(read: Reader, text: string): void {
  try {
    read(text);
  } catch {
    // As above.
  }
}

/**
 * All on Node and on Bun, which have different engines. Deno has that of Node, V8, and repeats a quarter: a reader that is slow there
 * alone would be so by a regular expression or a function of strings, which is slow for many patterns.
 */
function patternsHere(): readonly string[] {
  const all = [...patterns()];
  return "Deno" in globalThis ? all.filter((_, at) => at % 4 === 0) : all;
}

const PATTERNS = patternsHere();

/** Describes the first text for which a reader is not linear. */
export function slowText(read: Reader): string | undefined {
  for (const pattern of PATTERNS) {
    for (const [before, after] of pattern.length === 1 ? [AROUND, NOTHING] : [AROUND]) {
      const slow = tooSlow(read, (length) => before + repeated(pattern, length) + after);
      if (slow !== undefined) return `${JSON.stringify(`${before}(${pattern})*${after}`)}: ${slow}`;
    }
  }
  return undefined;
}

/** Texts before and after the input: a reader may be fast with input that has no end for it. */
const AROUND = ["a", "b"] as const;
const NOTHING = ["", ""] as const;
