/** Generates responses from a seed, well-formed or nearly so, and damages them slightly. */

/** A response, with one character per byte, and the method of its request. */
export interface Sample {
  readonly method: string;
  readonly text: string;
}

/** Pseudo-random numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to `below`, without it. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}

const METHODS = ["GET", "GET", "GET", "GET", "POST", "HEAD"];
const STATUSES = [200, 200, 200, 201, 204, 205, 206, 301, 304, 404, 418, 500, 503, 599, 700];
const REASONS = [" OK", " Not Found", " ", "", " caf\xe9", " a\tb"];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2"];
const NAMES = [
  "A",
  "X-Long-Name",
  "Date",
  "Set-Cookie",
  "ETag",
  "Content-Lengty",
  "Transfer-Encodinh",
  "Server",
];
const VALUES = ["", "1", "a b", "a, b", "timeout=5", 'x="y;z"', "\x80\xff", "a:b", "chunked", "0"];
const CONNECTIONS = [
  "close",
  "keep-alive",
  "keep-alive, close",
  "Close",
  "x",
  "",
  "upgrade, close",
  "closed",
];
const KEEP_ALIVES = ["timeout=5", "timeout=5, max=100", "max=1", "x", ""];
const BODIES = ["", "x", "hello", "0\r\n\r\n", "\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\0\xff\n", "a".repeat(40)];
const ODD_LENGTHS = [
  "",
  "x",
  "-1",
  "+3",
  "3,3",
  "3, 4",
  "0x3",
  "3 ",
  "99999999999999999999",
  "9007199254740993",
];
const ODD_CODINGS = ["gzip, chunked", "chunked, chunked", "identity", "xchunked", "Chunked", "", "chunked "];
const EXTENSIONS = [
  "",
  "",
  "",
  ";a",
  ";a=b",
  ';a="b"',
  "; a = b",
  " ;a=b",
  '\t; a="b;\\"" ;c ',
  " ",
  ";",
  ';a="',
];

/** The response to some request, with what may come before and after it. */
export function generate(random: Random): Sample {
  const method = random.pick(METHODS);
  const interim = random.chance(0.1) ? random.times(3, () => interimOf(random)).join("") : "";
  const status = random.pick(STATUSES);
  const { fields, body } = framed(random);
  const bodiless = method === "HEAD" || status === 204 || status === 304;
  const head = headOf(random, status, [...fields, ...random.times(4, () => fieldOf(random))]);
  const surplus = random.chance(0.15)
    ? random.pick(["\r\n", "x", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    : "";
  return { method, text: interim + head + (bodiless && random.chance(0.9) ? "" : body) + surplus };
}

function interimOf(random: Random): string {
  const fields = random.times(1, () => fieldOf(random)).map((field) => `${field}\r\n`);
  return `HTTP/1.1 ${random.pick([100, 102, 103])} Wait\r\n${fields.join("")}\r\n`;
}

function headOf(random: Random, status: number, fields: readonly string[]): string {
  const lines = [...fields].sort(() => random.next() - 0.5).map((field) => `${field}\r\n`);
  return `${random.pick(VERSIONS)} ${status}${random.pick(REASONS)}\r\n${lines.join("")}\r\n`;
}

function fieldOf(random: Random): string {
  const roll = random.next();
  if (roll < 0.2) return `Connection: ${random.pick(CONNECTIONS)}`;
  if (roll < 0.3) return `Keep-Alive: ${random.pick(KEEP_ALIVES)}`;
  if (roll < 0.33) return `Proxy-Connection: ${random.pick(CONNECTIONS)}`;
  const value = random.pick(VALUES);
  if (roll < 0.38) return `${random.pick(NAMES)}: ${value}\r\n ${random.pick(VALUES)}`;
  return `${random.pick(NAMES)}:${random.pick([" ", "", "\t", "  "])}${value}${random.pick(["", "", " "])}`;
}

function framed(random: Random): { fields: string[]; body: string } {
  const roll = random.next();
  const body = random.pick(BODIES);
  const length = `Content-Length: ${body.length}`;
  if (roll < 0.35) return { fields: [length], body };
  if (roll < 0.4) return { fields: [length, length], body };
  if (roll < 0.75) return { fields: ["Transfer-Encoding: chunked"], body: chunked(random) };
  if (roll < 0.8) return { fields: [length, "Transfer-Encoding: chunked"], body: chunked(random) };
  if (roll < 0.85) return { fields: [`Content-Length: ${random.pick(ODD_LENGTHS)}`], body };
  if (roll < 0.9)
    return { fields: [`Transfer-Encoding: ${random.pick(ODD_CODINGS)}`], body: chunked(random) };
  return { fields: [], body };
}

function chunked(random: Random): string {
  const chunks = random.times(3, () => {
    const data = random.pick(BODIES);
    const size = data.length.toString(16).padStart(random.pick([1, 1, 1, 1, 1, 1, 4, 4, 16, 20]), "0");
    return data === "" ? "" : `${size}${random.pick(EXTENSIONS)}\r\n${data}\r\n`;
  });
  const trailers = random.chance(0.3) ? random.times(3, () => `${fieldOf(random)}\r\n`).join("") : "";
  return `${chunks.join("")}0${random.pick(EXTENSIONS)}\r\n${trailers}\r\n`;
}

/** Bytes that mean something somewhere in a response. */
const TELLING = '\r\n\0 \t:;,=0159aAfFgx-+_"\x7f\x80\xa0\xff';

/** The text with some small damage. */
export function mutate(random: Random, text: string, most = 3): string {
  let damaged = text;
  for (let count = 1 + random.below(most); count > 0; count--) damaged = damageOnce(random, damaged);
  return damaged;
}

function damageOnce(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const length = 1 + random.below(random.chance(0.7) ? 2 : 12);
  const [before, part, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (random.below(7)) {
    case 0:
      return before + after;
    case 1:
      return before + random.pick([...TELLING]) + part + after;
    case 2:
      return before + random.pick([...TELLING]) + text.slice(at + 1);
    case 3:
      return before + part + part + after;
    case 4:
      return before + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 5:
      return random.chance(0.3) ? before : damageLine(random, text);
    default:
      return damageLine(random, text);
  }
}

/** Damage where lines meet, which chance alone would rarely hit. */
function damageLine(random: Random, text: string): string {
  const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
  if (ends.length === 0) return text;
  const at = random.pick(ends);
  const instead = random.pick([
    "\n",
    "\r",
    "\r\r\n",
    "\n\r",
    "\r\n ",
    "\r\n\t",
    " \r\n",
    "\r\n\r\n",
    "",
    "\0\r\n",
  ]);
  return text.slice(0, at) + instead + text.slice(at + 2);
}

/** Positions, in order, at which to cut. */
export function cutsOf(random: Random, length: number): number[] {
  return random.times(6, () => random.below(length + 1)).sort((a, b) => a - b);
}
