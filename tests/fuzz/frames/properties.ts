/**
 * Properties of an HTTP/2 connection, whatever the peer sends. Nothing throws. Everyone is told the same however the bytes are
 * cut and whatever is in the buffer beside them. Each exchange ends once. What the peer gets is bounded by what it sent.
 */

import { isDeepStrictEqual } from "node:util";
import { cutsOf, type Random } from "../../http1/generate.ts";
import { everyByte } from "../../http1/transcript.ts";
import { Link, request, Told } from "../../http2/link.ts";
import type { FrameSample, Plan } from "./generate.ts";

/** Small limits, so that inputs reach them. */
const LIMITS = { headBytes: 600, trailerBytes: 200, headerCount: 6, lineBytes: 200, informationalCount: 3 };

/** How an exchange may end. */
const ENDINGS = /^(complete|fault|unprocessed|lost|left)/;

/** What everyone was told. */
export interface FrameTranscript {
  readonly exchanges: readonly (readonly string[])[];
  readonly pool: readonly string[];
  readonly peer: readonly string[];
}

interface Way {
  /** Positions at which the bytes are cut into packets. */
  readonly cuts?: readonly number[];
  /** What the buffer holds behind a packet, and all of it after the call. */
  readonly around?: number;
}

/** Runs a plan: sends its request, goes on with its body, and leaves when it is to leave. */
function begin(link: Link, { method, pieces, trailers, leavesAfter }: Plan): Told {
  const told = new Told();
  const stream = link.wire.open(link, told);
  told.stream = stream;
  const leave = (): void => {
    if (told.lines.some((line) => ENDINGS.test(line))) return;
    stream.close(undefined);
    told.lines.push("left");
  };
  told.onLine = () => {
    if (leavesAfter > 0 && told.lines.length >= leavesAfter) leave();
  };
  if (leavesAfter === 0) told.body = leave;
  if (pieces.length === 0) {
    stream.send(request({ method }), false, undefined);
    return told;
  }
  const length = trailers === undefined ? pieces.reduce((sum, size) => sum + size, 0) : undefined;
  stream.send(request({ method, body: { length } as never }), false, undefined);
  const body = stream.openBody(length);
  const left = [...pieces];
  const next = (): void => {
    for (let size = left.shift(); size !== undefined; size = left.shift()) {
      body.count(size);
      if (!body.write(new Uint8Array(size))) return;
    }
    told.drained = () => {};
    body.end(trailers);
  };
  told.drained = () => {
    if (!told.lines.some((line) => ENDINGS.test(line))) next();
  };
  next();
  return told;
}

/** What everyone is told when the bytes come this way, and the connection closes behind them. */
export function transcriptOf(
  { plans, bytes }: FrameSample,
  { cuts = [], around = 0 }: Way = {},
): FrameTranscript {
  const link = new Link({ limits: LIMITS });
  const exchanges = plans.map((plan) => begin(link, plan));
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const packet = new Uint8Array(to - from + 20).fill(around);
    packet.set(bytes.slice(from, to));
    link.user?.data(packet, to - from);
    // A transport reads the next packet into the same buffer.
    packet.fill(around);
    from = to;
  }
  const peer = link.peer();
  link.user?.closed(undefined);
  return { exchanges: exchanges.map(({ lines }) => lines), pool: link.said(), peer };
}

/** The property that a sample breaks, or `undefined`. */
export function frameViolation(sample: FrameSample, random: Random): string | undefined {
  try {
    const whole = transcriptOf(sample);
    return ways(sample, whole, random) ?? endings(whole) ?? bounded(sample, whole);
  } catch (error) {
    return `it throws ${error instanceof Error ? error.stack : error}`;
  }
}

function ways(sample: FrameSample, whole: FrameTranscript, random: Random): string | undefined {
  const { length } = sample.bytes;
  const others: Way[] = [
    { around: random.pick([1, 4, 0xff]) },
    { cuts: everyByte(length), around: random.pick([0, 9]) },
    { cuts: cutsOf(random, length), around: 0x41 },
    { cuts: cutsOf(random, length) },
  ];
  for (const way of others) {
    const other = transcriptOf(sample, way);
    if (!isDeepStrictEqual(other, whole))
      return `cut at ${way.cuts?.slice(0, 9)} it says ${JSON.stringify(other)} instead of ${JSON.stringify(whole)}`;
  }
  return undefined;
}

/** Each exchange ends, and is told nothing afterwards. */
function endings({ exchanges }: FrameTranscript): string | undefined {
  const wrong = exchanges.find((lines) => lines.findIndex((line) => ENDINGS.test(line)) !== lines.length - 1);
  return wrong === undefined ? undefined : `an exchange does not end once: ${JSON.stringify(wrong)}`;
}

/** A frame has 9 bytes. A request takes some frames of ours, and a frame of the peer's is worth one answer and a reset. */
function bounded({ plans, bytes }: FrameSample, { peer }: FrameTranscript): string | undefined {
  const answers = peer.filter((line) => !/^(DATA|HEADERS)/.test(line));
  const most = 5 + plans.length + (2 * bytes.length) / 9;
  return answers.length <= most ? undefined : `${answers.length} answers to ${bytes.length} bytes`;
}

/** The kind of outcome that a sample has. Samples with a new kind are worth damaging further. */
export function frameSignature(sample: FrameSample): string {
  const { exchanges, pool, peer } = transcriptOf(sample);
  const kinds = exchanges.map((lines) => lines.map((line) => line.replaceAll(/"[^"]*"|\d+/g, "")).join(","));
  const codes = peer
    .filter((line) => /^(GOAWAY|RST_STREAM)/.test(line))
    .map((line) => line.replaceAll(/\d+/g, ""));
  return JSON.stringify([
    [...new Set(kinds)].sort(),
    [...new Set(codes)].sort(),
    pool.map((line) => line.replaceAll(/\d+/g, "")),
  ]);
}
