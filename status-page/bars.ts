/** Bars: draws a connection as a line, its requests as bars and its end as a mark. The height of a bar shows its result. */

import { BAR_RESULTS, type Bar } from "../src/hono/status/protocol.ts";
import type { Lane } from "./model.ts";
import type { Theme } from "./theme.ts";

/** The area in which a lane is drawn, and the time span that it covers. */
export interface Strip {
  readonly top: number;
  readonly height: number;
  readonly width: number;
  /** The time at the right edge. */
  readonly now: number;
  readonly spanMs: number;
}

/** Share of the lane's height, by result, so that colour is not the only sign. */
const HEIGHTS = [0.35, 0.35, 0.6, 0.85] as const;

/** Lanes below this height, as in the overview, have bars of full height. */
const MIN_SHAPED_PX = 5;

/** Width of the shortest bar: a request that took no time stays visible. */
const MIN_WIDTH = 1.5;

/** Draws one lane. */
export function drawLane(context: CanvasRenderingContext2D, lane: Lane, strip: Strip, theme: Theme): void {
  const { top, height, width, now } = strip;
  const from = Math.max(0, xOf(lane.openedAt, strip));
  const until = Math.min(width, xOf(lane.end?.[0] ?? now, strip));
  if (until < 0 || until < from) return;
  context.fillStyle = theme.idle;
  context.fillRect(from, top + height / 2 - 0.5, until - from, 1);
  for (const bar of lane.bars) drawBar(context, bar, strip, theme);
  if (lane.end !== undefined) drawEnd(context, lane.end[1], until, strip, theme);
}

function drawBar(context: CanvasRenderingContext2D, bar: Bar, strip: Strip, theme: Theme): void {
  const [, start, end, , result, most = 1] = bar;
  const { top, height, width, now } = strip;
  const left = Math.max(0, xOf(start, strip));
  const right = Math.min(width, xOf(end < 0 ? now : end, strip));
  if (right < 0 || left > width) return;
  const share = height < MIN_SHAPED_PX ? 1 : HEIGHTS[result];
  context.fillStyle =
    theme.results[end < 0 && result === BAR_RESULTS.answered ? BAR_RESULTS.running : result];
  const wide = Math.max(MIN_WIDTH, right - left);
  const stripes = height < MIN_STRIPED_PX ? 1 : Math.min(most, MAX_STRIPES);
  const high = stripes === 1 ? height * share : height * STRIPED_SHARE;
  for (let at = 0; at < stripes; at++) {
    const gap = at === stripes - 1 ? 0 : 1;
    context.fillRect(left, top + (height - high) / 2 + (high * at) / stripes, wide, high / stripes - gap);
  }
  if (stripes > 1 && wide > LABELLED_PX) drawMost(context, most, left, strip, theme);
}

/** Requests that ran at once on a connection of HTTP/2 are stripes of one bar. */
const MAX_STRIPES = 5;
const STRIPED_SHARE = 0.8;
const MIN_STRIPED_PX = 14;

/** A bar of this width has room for the number. */
const LABELLED_PX = 44;

function drawMost(
  context: CanvasRenderingContext2D,
  most: number,
  left: number,
  { top, height }: Strip,
  theme: Theme,
): void {
  const text = `${most}\u00d7`;
  const width = context.measureText(text).width + 6;
  context.fillStyle = theme.ground;
  context.fillRect(left + 3, top + height / 2 - 8, width, 16);
  context.fillStyle = theme.text;
  context.fillText(text, left + 6, top + height / 2);
}

/** Space that a reason needs beside its mark. */
const REASON_WIDTH = 110;

function drawEnd(
  context: CanvasRenderingContext2D,
  reason: string,
  x: number,
  { top, height, width }: Strip,
  theme: Theme,
): void {
  context.fillStyle = theme.text;
  context.fillRect(x, top + 2, 2, height - 4);
  if (height < 14 || x + REASON_WIDTH > width) return;
  context.fillStyle = theme.quiet;
  context.fillText(reason, x + 6, top + height / 2);
}

/** Distances between the lines of the time axis. */
const STEPS_MS = [500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000] as const;

/** A line of the time axis needs room for its label. */
const LINE_PX = 70;
const MAX_LINES = 6;

/** Draws the lines of the time axis below the head of the grid, and in the head how long ago each of them is. */
export function drawAxis(
  context: CanvasRenderingContext2D,
  strip: Strip,
  headPx: number,
  theme: Theme,
): void {
  const { top, height, width, spanMs } = strip;
  const lines = Math.min(MAX_LINES, Math.max(1, width / LINE_PX));
  const step = STEPS_MS.find((candidate) => spanMs / candidate <= lines) ?? STEPS_MS[7];
  for (let ago = step; ago < spanMs; ago += step) {
    const x = Math.round(width * (1 - ago / spanMs));
    context.fillStyle = theme.line;
    context.fillRect(x, top, 1, height);
    context.fillStyle = theme.quiet;
    context.fillText(ago < 60_000 ? `−${ago / 1000} s` : `−${ago / 60_000} min`, x + 4, top - headPx / 2);
  }
}

function xOf(time: number, { now, spanMs, width }: Strip): number {
  return width * (1 - (now - time) / spanMs);
}
