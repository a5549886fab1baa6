/** Generates what an HTTP/2 server may send from a seed, well-formed or nearly so, and damages it. */

import type { Random } from "../../http1/generate.ts";
import * as f from "../../http2/frame-text.ts";

/** A request that is open when the server's bytes come. */
export interface Plan {
  readonly method: "GET" | "HEAD" | "POST";
  /** The sizes of the pieces of its body. */
  readonly pieces: readonly number[];
  /** The body ends with these. `undefined`: its length is known. */
  readonly trailers: string | undefined;
  /** The exchange leaves after it was told so many things. 0: when the first bytes of the body come. */
  readonly leavesAfter: number;
}

/** Requests, and what the server sends. */
export interface FrameSample {
  readonly plans: readonly Plan[];
  readonly bytes: readonly number[];
}

type Bytes = number[];

const STATUSES = [200, 200, 200, 204, 205, 304, 404, 503, 999];
const FIELDS: f.Fields = [
  ["content-length", "5"],
  ["content-type", "text/plain"],
  ["set-cookie", "a=b"],
  ["x", ""],
  ["content-encoding", "gzip"],
];
const BAD_FIELDS: f.Fields = [
  ["connection", "close"],
  ["X", "a"],
  ["x", "a\nb"],
  [":path", "/"],
  [":status", "200"],
  ["content-length", "x"],
  ["", ""],
];
const TEXTS = ["", "a", "hello", "b".repeat(300)];
const INCREMENTS = [1, 100, 70_000, 2 ** 31 - 1, 0];
const SETTINGS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 4096],
  [3, 1],
  [3, 1000],
  [4, 0],
  [4, 10],
  [4, 65_535],
  [4, 2 ** 31 - 1],
  [5, 16_384],
  [5, 2 ** 24 - 1],
  [8, 1],
  [99, 7],
];
const BAD_SETTINGS: readonly (readonly [number, number])[] = [
  [2, 1],
  [3, 0],
  [4, 2 ** 31],
  [5, 1],
];
const CODES = ["NO_ERROR", "REFUSED_STREAM", "CANCEL", "PROTOCOL_ERROR", "ENHANCE_YOUR_CALM"];

/** How far a response is. */
interface Response {
  readonly id: number;
  hasHead: boolean;
  ended: boolean;
}

/** What the server sends next. */
type Move = (random: Random, response: Response) => Bytes;

const fieldsOf = (random: Random): f.Fields => [
  ...random.times(3, () => random.pick(FIELDS)),
  ...(random.chance(0.04) ? [random.pick(BAD_FIELDS)] : []),
];

/** END_STREAM, or not. */
function endOf(random: Random, response: Response): number {
  if (!random.chance(0.3)) return 0;
  response.ended = true;
  return f.END_STREAM;
}

const settingsOf = (random: Random): Bytes =>
  f.settings(...random.times(3, () => random.pick(random.chance(0.03) ? BAD_SETTINGS : SETTINGS)));

/** A field block, whose fields may be indexed, or be of the table. */
function blockOf(random: Random, fields: f.Fields): Bytes {
  const block = f.block(fields, random.pick([0, 0, 0x40, 0x10]));
  if (random.chance(0.1)) block.push(random.pick([0xa0, 0x98, 0xbe]));
  if (random.chance(0.02)) block.unshift(random.pick([0x20, 0x3f]));
  return block;
}

function headersOf(random: Random, id: number, fields: f.Fields, flags: number): Bytes {
  const block = blockOf(random, fields);
  if (random.chance(0.8)) return f.frame(f.HEADERS, flags | f.END_HEADERS, id, block);
  if (random.chance(0.3)) {
    const padding = random.below(4);
    const payload = [padding, 0, 0, 0, 1, 5, ...block, ...new Array<number>(padding).fill(0)];
    return f.frame(f.HEADERS, flags | f.END_HEADERS | f.PADDED | f.WITH_PRIORITY, id, payload);
  }
  const [first, second] = [random.below(block.length + 1), random.below(block.length + 1)].sort(
    (a, b) => a - b,
  );
  return [
    ...f.frame(f.HEADERS, flags, id, block.slice(0, first)),
    ...f.frame(f.CONTINUATION, 0, id, block.slice(first, second)),
    ...f.frame(f.CONTINUATION, f.END_HEADERS, id, block.slice(second)),
  ];
}

const head: Move = (random, response) => {
  response.hasHead = true;
  const fields: f.Fields = [[":status", `${random.pick(STATUSES)}`], ...fieldsOf(random)];
  return headersOf(random, response.id, fields, endOf(random, response));
};

const interim: Move = (random, { id }) => headersOf(random, id, [[":status", "103"], ...fieldsOf(random)], 0);

const trailers: Move = (random, response) => {
  response.ended = true;
  return headersOf(random, response.id, fieldsOf(random), f.END_STREAM);
};

const data: Move = (random, response) => {
  const text = random.pick(TEXTS);
  const flags = endOf(random, response);
  if (random.chance(0.8)) return f.data(response.id, text, flags);
  const padding = random.below(9);
  const payload = [padding, ...f.latin1(text), ...new Array<number>(padding).fill(0)];
  return f.frame(f.DATA, f.PADDED | flags, response.id, payload);
};

/** All of a response, with its length. */
const whole: Move = (random, response) => {
  const { id } = response;
  const text = random.pick(TEXTS);
  response.hasHead = true;
  response.ended = true;
  const fields: f.Fields = [
    [":status", "200"],
    ["content-length", `${text.length}`],
  ];
  if (random.chance(0.5)) return [...headersOf(random, id, fields, 0), ...f.data(id, text, f.END_STREAM)];
  return [...headersOf(random, id, fields, 0), ...f.data(id, text), ...trailers(random, response)];
};

const reset: Move = (random, response) => {
  response.ended = true;
  return f.reset(response.id, random.pick(CODES));
};

const BEFORE_HEAD: readonly Move[] = [head, head, head, interim, whole, whole];
const AFTER_HEAD: readonly Move[] = [data, data, data, trailers];

/** What belongs to no response, or to any. */
const OTHERS: readonly Move[] = [
  reset,
  (random, { id }) => f.windowUpdate(random.chance(0.5) ? 0 : id, random.pick(INCREMENTS)),
  (random, { id }) => f.windowUpdate(random.chance(0.5) ? 0 : id, 1 + random.below(9000)),
  settingsOf,
  (random) => f.frame(f.SETTINGS, f.ACK, 0, random.chance(0.1) ? [0] : []),
  (random) => f.frame(f.PING, random.pick([0, f.ACK]), 0, f.latin1("12345678")),
  (random, { id }) => f.goaway(random.pick([id, id, 2 ** 31 - 1, 1]), random.pick(CODES), random.pick(TEXTS)),
  (random, { id }) => f.frame(f.PRIORITY, 0, id, random.chance(0.1) ? [0] : [0, 0, 0, 0, 7]),
  (random, { id }) => f.frame(0xb0 + random.below(20), random.below(256), id, f.latin1(random.pick(TEXTS))),
  (random, { id }) => (random.chance(0.1) ? f.frame(f.PUSH_PROMISE, f.END_HEADERS, id, [0, 0, 0, 2]) : []),
];

/** Most often a move that the protocol allows. */
function movesOf(random: Random, { hasHead, ended }: Response): readonly Move[] {
  if (random.chance(0.02)) return random.pick([BEFORE_HEAD, AFTER_HEAD]);
  if (ended || random.chance(0.25)) return OTHERS;
  return hasHead ? AFTER_HEAD : BEFORE_HEAD;
}

function planOf(random: Random): Plan {
  const method = random.pick(["GET", "GET", "HEAD", "POST", "POST"] as const);
  return {
    method,
    pieces: method === "POST" ? random.times(3, () => random.pick([1, 30, 500, 500, 500, 17_000])) : [],
    trailers: random.chance(0.5) ? undefined : random.pick(["", "x: y\r\n"]),
    leavesAfter: random.chance(0.3) ? random.below(4) : Infinity,
  };
}

/** Requests, and a server that keeps to the protocol in most of what it does. */
export function generateFrames(random: Random): FrameSample {
  const plans = [planOf(random), ...random.times(4, () => planOf(random))];
  const responses = plans.map((_, at): Response => ({ id: 2 * at + 1, hasHead: false, ended: false }));
  const bytes = random.chance(0.98) ? settingsOf(random) : [];
  for (let count = random.below(20); count >= 0; count--) {
    // A stream that is not open, now and then.
    const stranger: Response = { id: random.below(30), hasHead: random.chance(0.5), ended: false };
    const response = random.chance(0.99) ? random.pick(responses) : stranger;
    bytes.push(...random.pick(movesOf(random, response))(random, response));
  }
  return { plans, bytes };
}

/** Damages a few bytes, or takes some away, or says some twice. */
export function damageFrames(random: Random, { plans, bytes }: FrameSample): FrameSample {
  const damaged = [...bytes];
  for (let count = random.below(4); count >= 0; count--) {
    const at = random.below(damaged.length + 1);
    const size = random.pick([1, 1, 2, 9, 13, 40]);
    const roll = random.next();
    if (roll < 0.4) damaged[Math.min(at, Math.max(0, damaged.length - 1))] = random.below(256);
    else if (roll < 0.6) damaged.splice(at, size);
    else if (roll < 0.8) damaged.splice(at, 0, ...damaged.slice(at, at + size));
    else damaged.splice(at, 0, ...Array.from({ length: size }, () => random.pick([0, 1, 4, 9, 255])));
  }
  return { plans, bytes: damaged };
}
