/** Frames: reads and writes the frames of the simulated servers. Independent of `src/http2`, but for HPACK. */

/** The types of frames that the servers know by name (RFC 9113 §6). */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rst: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** Cuts what arrives into frames. The preface comes first. */
export class FrameReader {
  #rest = new Uint8Array(0);
  #hasPreface = false;

  /** The complete frames, or `undefined` if the preface is wrong. */
  push(bytes: Uint8Array): Frame[] | undefined {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    let at = 0;
    if (!this.#hasPreface) {
      if (all.length < 24) {
        this.#rest = all;
        return [];
      }
      if (String.fromCharCode(...all.subarray(0, 24)) !== "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        return undefined;
      this.#hasPreface = true;
      at = 24;
    }
    const frames: Frame[] = [];
    while (all.length - at >= 9) {
      const length = (all[at]! << 16) | (all[at + 1]! << 8) | all[at + 2]!;
      if (all.length - at < 9 + length) break;
      frames.push({
        type: all[at + 3]!,
        flags: all[at + 4]!,
        stream: uint32(all, at + 5) & 0x7fffffff,
        payload: all.slice(at + 9, at + 9 + length),
      });
      at += 9 + length;
    }
    this.#rest = all.slice(at);
    return frames;
  }
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** A frame as bytes. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | readonly number[],
): Uint8Array {
  const { length } = payload;
  const bytes = new Uint8Array(9 + length);
  bytes.set([length >>> 16, length >>> 8, length, type, flags, ...four(stream)]);
  bytes.set(payload, 9);
  return bytes;
}

/** A number as four bytes. */
export function four(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** A SETTINGS frame. */
export function settingsFrame(settings: readonly (readonly [setting: number, value: number])[]): Uint8Array {
  return frame(
    TYPE.settings,
    0,
    0,
    settings.flatMap(([name, value]) => [name >>> 8, name & 255, ...four(value)]),
  );
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
