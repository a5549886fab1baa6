/**
 * Properties: what must be true for every input. The parser throws nothing but a ProtocolError. It reads the same
 * however the bytes are split and whatever surrounds them. It reads nothing behind the message. It keeps no more than
 * its limits allow.
 */

import { isDeepStrictEqual } from "node:util";
import type { ResponseLimits } from "../../src/options/options.ts";
import { cutsOf, type Random, type Sample } from "../http1/generate.ts";
import { everyByte, LIMITS, read, type Transcript } from "../http1/transcript.ts";

/** Small limits, so that inputs reach them and endless input is noticed soon. */
export const TIGHT: Required<ResponseLimits> = {
  headBytes: 120,
  lineBytes: 40,
  headerCount: 5,
  chunkExtensionBytes: 10,
  trailerBytes: 50,
  informationalCount: 2,
  bodyBytes: Infinity,
};

/** Bytes that a peer might repeat without end. */
const FILLERS = ["x", "0", ";", " ", ":", "\0", "a:b\r\n", "\r\n ", "HTTP/1.1 100 C\r\n\r\n"];

/** More bytes than all limits together. */
const ENDLESS = 1200;

/** The property that an input breaks, or `undefined`. */
export function violation(sample: Sample, random: Random): string | undefined {
  try {
    const limits = random.chance(0.5) ? LIMITS : TIGHT;
    const whole = read(sample.text, { method: sample.method, limits });
    return (
      splits(sample, limits, whole, random) ??
      surroundings(sample, limits, whole, random.pick([13, 10, 32, 48])) ??
      surplus(sample, limits, whole, random.pick(["", "HTTP/1.1 200 OK\r\n\r\n", "\r\n", "\0"])) ??
      endless(sample, random.pick(FILLERS))
    );
  } catch (error) {
    return `it throws ${error instanceof Error ? error.stack : error}`;
  }
}

function splits(
  { method, text }: Sample,
  limits: Partial<ResponseLimits>,
  whole: Transcript,
  random: Random,
): string | undefined {
  const ways = [everyByte(text.length), cutsOf(random, text.length), cutsOf(random, text.length)];
  for (const cuts of ways) {
    const cut = read(text, { method, limits, cuts });
    if (!isDeepStrictEqual(cut, whole))
      return `cut at ${cuts} it reads ${show(cut)} instead of ${show(whole)}`;
  }
  return undefined;
}

function surroundings(
  { method, text }: Sample,
  limits: Partial<ResponseLimits>,
  whole: Transcript,
  around: number,
): string | undefined {
  const other = read(text, { method, limits, around });
  return isDeepStrictEqual(other, whole)
    ? undefined
    : `with byte ${around} around it it reads ${show(other)}`;
}

function surplus(
  { method, text }: Sample,
  limits: Partial<ResponseLimits>,
  whole: Transcript,
  behind: string,
): string | undefined {
  if (!whole.complete || whole.endedByClose) return undefined;
  const other = read(text.slice(0, whole.consumed) + behind, { method, limits });
  if (isDeepStrictEqual(other, whole)) return undefined;
  return `with ${JSON.stringify(behind)} behind it it reads ${show(other)}`;
}

/** However much a peer sends, bytes that are not part of a body are refused at some point. */
function endless({ method, text }: Sample, filler: string): string | undefined {
  const more = filler.repeat(Math.ceil(ENDLESS / filler.length));
  const { complete, fault, body } = read(text + more, { method, limits: TIGHT, fin: false });
  if (complete || fault !== undefined || body.length >= ENDLESS - 100) return undefined;
  return `${more.length} bytes of ${JSON.stringify(filler)} are neither refused nor handed on`;
}

/** The kind of outcome that the parser has for an input. Inputs with a new kind are worth mutating. */
export function signature({ method, text }: Sample): string {
  const { fault, framing, complete, endedByClose, reason, heads, trailers } = read(text, {
    method,
    limits: TIGHT,
  });
  const kind = fault?.replaceAll(/"[^"]*"|\d+/g, "");
  return [method, kind, framing?.kind, complete, endedByClose, reason, heads.length, trailers !== ""].join(
    "|",
  );
}

function show(transcript: Transcript): string {
  return JSON.stringify(transcript);
}
