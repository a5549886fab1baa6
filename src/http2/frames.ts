/** Frames: the numbers of RFC 9113 with their names, and the frames that we write. */

import type { ByteWriter } from "./byte-writer.ts";

/** Types of frames (§6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

const FRAME_NAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];

/** Flags of frames. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Error codes (§7). */
export const CODE = {
  noError: 0,
  protocolError: 1,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

const CODE_NAMES = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

/** Settings (§6.5.2; RFC 8441 §3). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

/** Bytes before the payload of a frame (§4.1). */
export const FRAME_HEADER = 9;

/** What windows and frames are before any setting (§6.5.2, §6.9.2). */
export const INITIAL_WINDOW = 65_535;
export const INITIAL_FRAME_SIZE = 16_384;

/** The largest window (§6.9.1), and the largest number of a stream (§5.1.1). */
export const LARGEST: number = 2 ** 31 - 1;

/** What a client says first (§3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The name of a type of frames, as errors show it. */
export function frameName(type: number): string {
  return FRAME_NAMES[type] ?? `frame of type ${type}`;
}

/** The name of an error code, as errors show it. */
export function codeName(code: number): string {
  return CODE_NAMES[code] ?? `error ${code}`;
}

/** The number of 31 bits at `at`: of a stream, or an increment. */
export function uint31(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** The number of 32 bits at `at`: an error code, or the value of a setting. */
export function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 2 ** 24 + (uint31(bytes, at) & 0xff_ff_ff);
}

/** Writes what comes before a payload of `length` bytes. */
export function writeFrame(out: ByteWriter, length: number, type: number, flags: number, id: number): void {
  out.reserve(FRAME_HEADER + length);
  const { bytes } = out;
  let at = out.length;
  bytes[at++] = length >>> 16;
  bytes[at++] = length >>> 8;
  bytes[at++] = length;
  bytes[at++] = type;
  bytes[at++] = flags;
  bytes[at++] = id >>> 24;
  bytes[at++] = id >>> 16;
  bytes[at++] = id >>> 8;
  bytes[at++] = id;
  out.length = at;
}

/** Writes a frame whose payload is one number: RST_STREAM with its code, or WINDOW_UPDATE with its increment. */
export function writeNumber(out: ByteWriter, type: number, id: number, value: number): void {
  writeFrame(out, 4, type, 0, id);
  out.uint32(value);
}

/** Writes SETTINGS with these values, in this order. */
export function writeSettings(out: ByteWriter, settings: readonly (readonly [number, number])[]): void {
  writeFrame(out, 6 * settings.length, FRAME.settings, 0, 0);
  for (const [setting, value] of settings) {
    out.uint16(setting);
    out.uint32(value);
  }
}

/** Writes a GOAWAY. A server has no streams that we could have processed, so the last number is 0. */
export function writeGoaway(out: ByteWriter, code: number): void {
  writeFrame(out, 8, FRAME.goaway, 0, 0);
  out.uint32(0);
  out.uint32(code);
}

/** Writes a field block: HEADERS, and CONTINUATIONs if it is larger than a frame (§4.3). */
export function writeBlock(out: ByteWriter, id: number, block: ByteWriter, isLast: boolean): void {
  let type: number = FRAME.headers;
  let flags: number = isLast ? FLAG.endStream : 0;
  let at = 0;
  do {
    const end = Math.min(block.length, at + INITIAL_FRAME_SIZE);
    writeFrame(out, end - at, type, end === block.length ? flags | FLAG.endHeaders : flags, id);
    out.copy(block.bytes, at, end);
    [type, flags, at] = [FRAME.continuation, 0, end];
  } while (at < block.length);
}
