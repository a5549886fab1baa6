/**
 * Limits: every bound on what a peer can make us do, with its number and its reason. A breach ends the connection with
 * GOAWAY. Sizes of heads and trailers are the user's `responseLimits`, as with HTTP/1.1.
 */

import type { ResponseLimits } from "../options/options.ts";
import { INITIAL_FRAME_SIZE } from "./frames.ts";

/**
 * Streams at a time before the peer's SETTINGS have come. RFC 9113 §6.5.2 recommends that a server allows no fewer; Go, hyper,
 * curl and Chrome begin with as many.
 */
export const STREAMS_AT_FIRST = 100;

/** Streams at a time, if the peer has no limit. Go has the same one. */
export const MOST_STREAMS = 1000;

/** The receive window of a stream at first. What a sleeping reader costs is bounded by it. */
export const STREAM_WINDOW = 1_048_576;

/** What the window of a stream grows to whose reader keeps up: as many bytes may be on their way (Go: 4 MiB from the start). */
export const LARGEST_STREAM_WINDOW = 4_194_304;

/**
 * The receive window of the connection, which is given back at once: a reader that sleeps stops nobody else. Memory is bounded
 * by the windows of the streams. Go and nghttp2 have 1 GiB as well.
 */
export const CONNECTION_WINDOW: number = 2 ** 30;

/** The table that a peer may have for its field blocks: the initial size, for which no SETTINGS must arrive. */
export const TABLE_SIZE = 4096;

/**
 * The largest frame that we write, whatever the peer allows (as nghttp2): streams take turns frame by frame, and Bun 1.4 counts
 * by a lower setting before we could know it.
 */
export const FRAME_BYTES: number = INITIAL_FRAME_SIZE;

/** Settings in one frame: there are some ten. The same limit as in nghttp2 (CVE-2020-11080). */
export const SETTINGS_PER_FRAME = 32;

/**
 * What frames without progress may cost: PING, SETTINGS, PRIORITY, WINDOW_UPDATE that lets nothing be sent, frames of streams
 * that were reset, and unknown ones (CVE-2019-9512, CVE-2019-9515). nginx tolerates as many. Each is answered or ignored within
 * a microsecond, so that the time lost before the breach is some ms.
 */
export const IDLE_FRAMES = 10_000;

/** What a frame without progress costs, if it is an empty DATA frame (CVE-2019-9518): h2 tolerates 100 as well. */
export const EMPTY_DATA_COST = 100;

/**
 * What each read of the socket, and each frame with progress, in either direction, gives back of the two above. A session has
 * no clock: a peer that sends a PING now and then comes with a read of its own, and a flood comes with many frames in each.
 */
export const REFUND = 10;

/** Answers that the socket has not taken: a peer that does not read must not make us keep more (CVE-2019-9512). */
export const WAITING_ANSWERS = 10_000;

/**
 * Streams that we reset because the peer broke the protocol on them. A response can be malformed by accident, but each reset
 * makes room for another request (h2 tolerates 1024).
 */
export const FAULTY_STREAMS = 100;

/** Refused streams that retire the connection, as in OkHttp: the peer wants no more of it. */
export const REFUSALS = 2;

/** Streams that we reset and of which frames may still come. Older ones are forgotten, and then nothing is held against them. */
export const RESET_STREAMS = 1000;

/** Bytes of an encoded field block (CVE-2024-27316 and others): more than a decoded one needs. Counted before decoding. */
export function blockBytes(limits: Required<ResponseLimits>): number {
  return 2 * Math.max(limits.headBytes, limits.trailerBytes);
}

/** CONTINUATION frames of one block (CVE-2024-28182): what the largest block needs in full frames, and 8 as in nghttp2. */
export function continuations(limits: Required<ResponseLimits>): number {
  return 8 + Math.ceil(blockBytes(limits) / INITIAL_FRAME_SIZE);
}
