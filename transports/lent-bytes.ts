/**
 * Lent bytes: what a caller gives to a write. Once the write says that they are taken, the caller may change or transfer them. Where
 * the transport needs them for longer, it makes them safe by a copy; else it writes them as they are.
 */

/** As they are: the caller is told when they are taken. */
export function itself(bytes: Uint8Array): Uint8Array {
  return bytes;
}

export function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
