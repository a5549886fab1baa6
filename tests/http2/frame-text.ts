/** Frames of the tests: written by hand, as a server would send them, and read back as text. Nothing here is the library's. */

import { portableText } from "../../src/contract/text.ts";
import { type FieldSink, HpackDecoder } from "../../src/http2/hpack/hpack-decoder.ts";

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const WITH_PRIORITY = 32;

const NAMES = [
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

const CODES = [
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
];

/** The number of an error code. */
export function code(name: string): number {
  return CODES.indexOf(name);
}

/** The name of an error code. */
export function codeName(number: number): string | undefined {
  return CODES[number];
}

export type Fields = readonly (readonly [string, string])[];

export function uint32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

export function latin1(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

/** A frame as bytes. */
export function frame(type: number, flags: number, id: number, payload: readonly number[] = []): number[] {
  return [...uint32(payload.length).slice(1), type, flags, ...uint32(id), ...payload];
}

function integer(prefix: number, value: number, first = 0): number[] {
  const mask = 2 ** prefix - 1;
  if (value < mask) return [first | value];
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** A field block of literals that are not indexed; `first` 0x40: indexed, 0x10: never indexed. */
export function block(fields: Fields, first = 0): number[] {
  return fields.flatMap(([name, value]) => [
    first,
    ...integer(7, name.length),
    ...latin1(name),
    ...integer(7, value.length),
    ...latin1(value),
  ]);
}

/** HEADERS with all of a block. `flags` beside END_HEADERS. */
export function headers(id: number, fields: Fields, flags = 0): number[] {
  return frame(HEADERS, flags | END_HEADERS, id, block(fields));
}

/** The head of a response. */
export function head(id: number, status = 200, fields: Fields = [], flags = 0): number[] {
  return headers(id, [[":status", `${status}`], ...fields], flags);
}

export function data(id: number, text: string, flags = 0): number[] {
  return frame(DATA, flags, id, latin1(text));
}

export function settings(...values: readonly (readonly [number, number])[]): number[] {
  return frame(
    SETTINGS,
    0,
    0,
    values.flatMap(([setting, value]) => [setting >> 8, setting & 255, ...uint32(value)]),
  );
}

export function goaway(lastId: number, name = "NO_ERROR", debug = ""): number[] {
  return frame(GOAWAY, 0, 0, [...uint32(lastId), ...uint32(code(name)), ...latin1(debug)]);
}

export function reset(id: number, name: string): number[] {
  return frame(RST_STREAM, 0, id, uint32(code(name)));
}

export function windowUpdate(id: number, increment: number): number[] {
  return frame(WINDOW_UPDATE, 0, id, uint32(increment));
}

/** Reads what the library wrote. */
export class FrameText {
  readonly #decoder = new HpackDecoder(4096, portableText);
  /** The block of HEADERS that CONTINUATIONs follow. */
  #block: number[] = [];
  #rest: number[] = [];
  #begun = false;

  /** The frames, each as a line. Payloads of more than 40 bytes are shown by their size. */
  read(bytes: Iterable<number>): string[] {
    const lines: string[] = [];
    for (const byte of bytes) this.#rest.push(byte);
    if (!this.#begun && this.#rest.length >= 24) {
      this.#begun = true;
      lines.push(JSON.stringify(text(this.#rest.splice(0, 24))));
    }
    while (this.#begun && this.#rest.length >= 9) {
      const size = number(this.#rest.slice(0, 3));
      if (this.#rest.length < 9 + size) break;
      const [type = 0, flags = 0] = this.#rest.slice(3, 5);
      const id = number(this.#rest.slice(5, 9));
      const payload = this.#rest.slice(9, 9 + size);
      this.#rest.splice(0, 9 + size);
      const said = this.#said(type, flags, payload);
      lines.push([NAMES[type], ...(id === 0 ? [] : [id]), ...said].join(" "));
    }
    return lines;
  }

  #said(type: number, flags: number, payload: number[]): string[] {
    const ends = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0 ? ["END_STREAM"] : [];
    if (type === HEADERS || type === CONTINUATION) return [...this.#fields(flags, payload), ...ends];
    if (type === DATA)
      return [payload.length > 40 ? `${payload.length} bytes` : JSON.stringify(text(payload)), ...ends];
    if (type === PING) return [(flags & ACK) !== 0 ? "ACK" : "", text(payload)].filter((part) => part !== "");
    if (type === SETTINGS) return (flags & ACK) !== 0 ? ["ACK"] : [settingsText(payload)];
    if (type === RST_STREAM) return [CODES[number(payload)] ?? "?"];
    if (type === GOAWAY) return [`${number(payload.slice(0, 4))}`, CODES[number(payload.slice(4, 8))] ?? "?"];
    return [`${number(payload)}`];
  }

  #fields(flags: number, payload: number[]): string[] {
    this.#block.push(...payload);
    if ((flags & END_HEADERS) === 0) return ["…"];
    const fields: string[] = [];
    const sink: FieldSink = { field: (name, value) => void fields.push(`${name}=${value}`) };
    this.#decoder.decode(Uint8Array.from(this.#block), 0, this.#block.length, sink);
    this.#block = [];
    return fields;
  }
}

function settingsText(payload: number[]): string {
  const all: string[] = [];
  for (let at = 0; at < payload.length; at += 6)
    all.push(`${number(payload.slice(at, at + 2))}=${number(payload.slice(at + 2, at + 6))}`);
  return all.join(",");
}

function number(bytes: readonly number[]): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function text(bytes: readonly number[]): string {
  return String.fromCharCode(...bytes);
}
