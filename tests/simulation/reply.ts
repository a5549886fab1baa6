/** Reply: the bytes of one response, and the positions in it that matter. */

import type { Prng } from "../support/prng.ts";
import { coded } from "./codec.ts";
import type { Coded, Extras } from "./dimensions.ts";
import type { Habit } from "./habits.ts";
import { payload } from "./payload.ts";
import type { SeenRequest } from "./request-reader.ts";

/** How a response is framed. */
export type ReplyFraming = "none" | "length" | "chunked" | "until-close";

/** A response. */
export interface Reply {
  readonly status: number;
  /** The length of the payload, decoded. */
  readonly length: number;
  readonly head: string;
  /** The body as it goes over the wire. */
  readonly body: string;
  readonly framing: ReplyFraming;
  /** The server closes the connection after it. */
  readonly last: boolean;
  /** The server announces that it closes. */
  readonly announcesClose: boolean;
  readonly hintMs: number | undefined;
  readonly left: number | undefined;
  /** How often the letter z follows the payload. */
  readonly run: number;
  /** The body comes in pieces, with pauses. Only the last piece shows that it ends. */
  readonly live: Live | undefined;
}

/** A body that goes on for a long time. */
export interface Live {
  readonly pieces: number;
  readonly size: number;
  readonly gapMs: number;
}

/** What a reply depends on. */
export interface ReplyPlan {
  readonly request: SeenRequest;
  readonly habit: Habit;
  /** Number of requests on this connection, this one included. */
  readonly number: number;
  readonly last: boolean;
  /** One body in this many is large. */
  readonly largeOneIn: number;
  /** Where to redirect to, if anywhere. */
  readonly redirectTo: string | undefined;
  readonly status?: number;
  readonly extras: Extras | undefined;
}

/** Draws a reply. */
export function drawReply(prng: Prng, plan: ReplyPlan): Reply {
  const { request, habit } = plan;
  const drawn = drawFraming(prng, plan);
  const drawnLength = drawn === "none" ? 0 : drawLength(prng, plan.largeOneIn);
  const live = drawn === "none" ? undefined : liveOf(plan);
  const framing = live === undefined ? drawn : "chunked";
  const length = live === undefined ? drawnLength : live.pieces * live.size;
  const status = drawStatus(prng, plan, framing);
  const last = plan.last || framing === "until-close" || (habit.minorVersion === 0 && !habit.saysKeepAlive);
  const announcesClose = last && !(habit.quiet === true && framing !== "until-close");
  const announced = announcesClose ? NOTHING : announce(plan);
  const bodiless = request.method === "HEAD" || framing === "none";
  const coding = bodiless || plan.redirectTo !== undefined ? undefined : plan.extras?.coded;
  const content =
    coding === undefined ? payload(request.id, length) : codedContent(request.id, length, coding);
  const fields = [`x-id: ${request.id}`, `x-len: ${length}`];
  if (plan.redirectTo !== undefined) fields.push(`location: ${plan.redirectTo}`);
  fields.push(...connectionFields(prng, habit, announcesClose));
  if (announced.header !== undefined) fields.push(`keep-alive: ${announced.header}`);
  fields.push(...contentFields(framing, content, coding));
  return {
    status,
    head: `HTTP/1.${habit.minorVersion} ${status} Fine\r\n${fields.join("\r\n")}\r\n\r\n`,
    ...(bodiless ? BODILESS : { length, body: encoded(prng, framing, content), framing, live }),
    last,
    announcesClose,
    hintMs: announced.hintMs,
    left: announced.left,
    run: coding?.bomb ?? 0,
  };
}

const BODILESS = { length: 0, body: "", framing: "none", live: undefined } as const;

function contentFields(framing: ReplyFraming, content: string, coding: Coded | undefined): string[] {
  const fields =
    coding === undefined ? [] : [`content-encoding: ${CODINGS.slice(0, coding.chain).join(", ")}`];
  if (framing === "length") fields.push(`content-length: ${content.length}`);
  if (framing === "chunked") fields.push("transfer-encoding: chunked");
  return fields;
}

const CODINGS = ["gzip", "br", "deflate", "zstd", "gzip", "br"] as const;

/** The body of request `id`, with its codings applied one after the other. */
function codedContent(id: number, length: number, { how, chain, bomb }: Coded): string {
  let content = coded(payload(id, length), bomb, how === "flushed" ? 64 : Infinity);
  for (let more = 1; more < chain; more++) content = coded(content, 0);
  // Empty input decodes to an empty body.
  if (how === "cut short") return content.slice(0, -1) || "L";
  return how === "malformed" ? `?${content.slice(1)}` : content;
}

/** Chunked, so that only the last chunk shows the end. */
function liveOf({ request, habit, redirectTo, extras }: ReplyPlan): Live | undefined {
  if (extras?.live !== true || redirectTo !== undefined) return undefined;
  if (habit.minorVersion === 0 || request.method === "HEAD") return undefined;
  const kind = request.id % 3;
  return { pieces: 120, size: [20, 300, 3000][kind] ?? 20, gapMs: [500, 100, 20][kind] ?? 500 };
}

function drawStatus(
  prng: Prng,
  { request, redirectTo, status = 200 }: ReplyPlan,
  framing: ReplyFraming,
): number {
  if (redirectTo !== undefined)
    return request.method === "POST" ? prng.among(303, 307) : prng.among(302, 308);
  return framing === "none" ? prng.among(204, 304) : status;
}

/** An HTTP/1.0 server need not announce that it closes. */
function connectionFields(prng: Prng, habit: Habit, last: boolean): string[] {
  if (last) return habit.minorVersion === 1 || prng.oneIn(2) ? ["connection: close"] : [];
  if (!habit.saysKeepAlive) return [];
  return [prng.among("connection: keep-alive", "Connection: Keep-Alive")];
}

function drawFraming(prng: Prng, { request, habit, last, redirectTo }: ReplyPlan): ReplyFraming {
  if (redirectTo === undefined && prng.oneIn(20)) return "none";
  if (habit.minorVersion === 0) return prng.oneIn(8) ? "until-close" : "length";
  if (request.method === "HEAD") return prng.among("length", "chunked");
  if (last && prng.oneIn(4)) return "until-close";
  return prng.oneIn(4) ? "chunked" : "length";
}

function drawLength(prng: Prng, largeOneIn: number): number {
  if (prng.oneIn(largeOneIn)) return 20_000 + prng.below(150_000);
  return prng.oneIn(8) ? 0 : prng.below(300);
}

interface Announced {
  readonly header: string | undefined;
  readonly hintMs: number | undefined;
  readonly left: number | undefined;
}

const NOTHING: Announced = { header: undefined, hintMs: undefined, left: undefined };

function announce({ request, habit, number }: ReplyPlan): Announced {
  const { announces, announcedMs, maxRequests } = habit;
  if (announces === "nothing" || (habit.onlyIfAsked && !request.saysKeepAlive)) return NOTHING;
  const seconds = `timeout=${announcedMs / 1000}`;
  const left = maxRequests === Infinity ? undefined : maxRequests - number;
  if (announces === "timeout" || left === undefined)
    return { header: seconds, hintMs: announcedMs, left: undefined };
  const max = announces === "timeout-and-left" ? left : maxRequests;
  return { header: `${seconds}, max=${max}`, hintMs: announcedMs, left };
}

function encoded(prng: Prng, framing: ReplyFraming, text: string): string {
  if (framing !== "chunked") return text;
  let coded = "";
  for (let at = 0; at < text.length; ) {
    const size = Math.min(text.length - at, 1 + prng.below(prng.oneIn(3) ? 20 : 40_000));
    const extension = prng.oneIn(10) ? ";mood=fine" : "";
    coded += `${size.toString(16)}${extension}\r\n${text.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${coded}0\r\n${prng.oneIn(6) ? "x-trailer: yes\r\n" : ""}\r\n`;
}
