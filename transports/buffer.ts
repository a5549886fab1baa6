/**
 * Text and memory by `Buffer`, a global of Node, Deno and Bun.
 *
 * `TextDecoder` cannot decode latin1: under that label it decodes windows-1252, in which byte 0x80 is the euro sign.
 */

import type { TextCodec } from "../src/contract/transport.ts";

/** These methods accept any Uint8Array, and skip the argument handling of `toString()`. */
interface Slices {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

interface BufferLike {
  readonly prototype: Slices;
  allocUnsafeSlow(length: number): Uint8Array<ArrayBuffer>;
}

const buffer = (): BufferLike => (globalThis as unknown as { Buffer: BufferLike }).Buffer;

// Loaded at first use: on Deno 2.9 reading the global loads its Node layer, which costs 4 to 8 ms.
let slices: Slices | undefined;

function load(): Slices {
  slices = buffer().prototype;
  return slices;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return (slices ?? load()).latin1Slice.call(bytes, start, end);
}

/** The codec of Node and Bun, where `utf8Slice` is at least as fast as `TextDecoder` at every length. */
export const bufferText: TextCodec = {
  latin1,
  utf8: (bytes, start, end) => (slices ?? load()).utf8Slice.call(bytes, start, end),
};

/**
 * Short texts that are read without `Buffer` on Deno, until they are many. The first answers of a program need not wait for
 * the Node layer, and a program that sends only a few never does.
 */
const WITHOUT_BUFFER = 16;
const FEW_BYTES = 4096;
let withoutBuffer = 0;

function denoLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (slices !== undefined) return slices.latin1Slice.call(bytes, start, end);
  withoutBuffer += 1;
  if (withoutBuffer > WITHOUT_BUFFER || end - start > FEW_BYTES) return latin1(bytes, start, end);
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** On Deno 2.9 `utf8Slice` is faster for short text only: 71 ns against 122 at 100 bytes, 405 against 156 at 1000. */
const SHORT = 256;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The codec of Deno. */
export const denoText: TextCodec = {
  latin1: denoLatin1,
  utf8: (bytes, start, end) =>
    end - start <= SHORT && slices !== undefined
      ? slices.utf8Slice.call(bytes, start, end)
      : decoder.decode(bytes.subarray(start, end)),
};

/** Below this size, zeroing costs less than the second object does. */
const MIN_BYTES = 4096;

/**
 * Allocates memory that is not zeroed and not part of Node's shared pool. 16 KiB take 1.3 µs instead of 3.2 on Node 24
 * and 0.2 instead of 0.8 on Bun 1.4; 1 MiB takes 37 µs instead of 159, and 5 instead of 47. Deno 2.9 always zeroes.
 */
export function uninitializedBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length < MIN_BYTES) return new Uint8Array(length);
  // A plain Uint8Array: `slice` of a Buffer would return a view instead of a copy.
  return new Uint8Array(buffer().allocUnsafeSlow(length).buffer);
}
