/** Payload: bodies in which every byte shows whose body it is. */

/** The body of `length` bytes that belongs to request `id` and to no other. */
export function payload(id: number, length: number): string {
  const unit = `${id}.`;
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

const encoder = new TextEncoder();

/** The same, as bytes. */
export function payloadBytes(id: number, length: number): Uint8Array<ArrayBuffer> {
  return encoder.encode(payload(id, length));
}

/** Decodes ASCII bytes. */
export function ascii(bytes: Uint8Array): string {
  if (bytes.length > 512) return decoder.decode(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

const decoder = new TextDecoder("latin1");

/** Whether `bytes` are those of the body of request `id` from `offset` on. */
export function isPayload(id: number, offset: number, bytes: Uint8Array): boolean {
  const unit = `${id}.`;
  for (let at = 0; at < bytes.length; at++)
    if (bytes[at] !== unit.charCodeAt((offset + at) % unit.length)) return false;
  return true;
}
