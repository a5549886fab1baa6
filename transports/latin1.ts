/** Text with one byte per character, by hand: for where no runtime is known, or its own way is slower. */

/** Writes `text` into `bytes` from `offset`; answers where it ends. Only the low byte of a character counts. */
export function writeLatin1(text: string, bytes: Uint8Array, offset: number): number {
  const { length } = text;
  for (let index = 0; index < length; index++) bytes[offset + index] = text.charCodeAt(index);
  return offset + length;
}

/** The bytes of a text. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}

/** The text of some bytes. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  // In pieces: the arguments of a call are limited.
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}

/** Several pieces as one. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
