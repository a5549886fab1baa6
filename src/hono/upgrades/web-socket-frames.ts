/**
 * WebSocket frames: the client's side of the framing (RFC 6455 §5), without extensions. No library takes a socket that is open
 * already on Node, Deno and Bun alike, and the pool opens it: so time-outs, statuses and fields are those of every request.
 */

/** What a server sent: a message, or a control frame. */
export type ReceivedFrame =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary" | "ping"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "pong" }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

/** Opcodes (RFC 6455 §5.2). */
export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A Close frame without a code, as APIs tell it. It is never sent (RFC 6455 §7.4.1). */
export const NO_CODE = 1005;

/** The server broke the protocol. `code`: what it is closed with. */
export class WebSocketFault extends Error {
  override readonly name = "WebSocketFault";
  readonly code: number;

  constructor(reason: string, { code, cause }: { readonly code: number; readonly cause?: unknown }) {
    super(`The upstream's WebSocket broke the protocol: ${reason}`, { cause });
    this.code = code;
  }
}

const textEncoder = new TextEncoder();

/** A frame of a client, masked as all of them are (RFC 6455 §5.3). */
export function frameOf(opcode: number, payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? textEncoder.encode(payload) : payload;
  const { length } = bytes;
  const extended = extendedLength(length);
  const start = 2 + extended + 4;
  const frame = new Uint8Array(start + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | length;
  if (extended === 2) {
    frame[1] = 0x80 | 126;
    view.setUint16(2, length);
  } else if (extended === 8) {
    frame[1] = 0x80 | 127;
    view.setBigUint64(2, BigInt(length));
  }
  const mask = crypto.getRandomValues(frame.subarray(start - 4, start));
  const [a = 0, b = 0, c = 0, d = 0] = mask;
  const key = [a, b, c, d];
  for (let at = 0; at < length; at++) frame[start + at] = (bytes[at] ?? 0) ^ (key[at & 3] ?? 0);
  return frame;
}

/** Bytes of the length behind these values of the second byte. */
const EXTENDED: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

/** Bytes of a length that is not in the second byte (RFC 6455 §5.2). */
function extendedLength(length: number): 0 | 2 | 8 {
  if (length < 126) return 0;
  return length < 65_536 ? 2 : 8;
}

/** A Close frame. Codes that are only told, and never sent, give an empty one. */
export function closeFrame(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (!isSendable(code)) return frameOf(OPCODE.close, "");
  // A control frame has 125 bytes at most.
  const text = textEncoder.encode(reason).subarray(0, 123);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return frameOf(OPCODE.close, payload);
}

/** Whether a Close frame may have the code (RFC 6455 §7.4). */
function isSendable(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_CODE && code !== 1006) ||
    (code >= 3000 && code < 5000)
  );
}

/** Reads what a server sends, in pieces of any size. */
export class WebSocketReader {
  readonly #maxMessage: number;
  readonly #received: ByteQueue = new ByteQueue();
  /** The parts of a message that is not complete. */
  #parts: Uint8Array[] = [];
  #partsLength = 0;
  /** The opcode of that message; 0 between messages. */
  #opcode = 0;

  /** @param maxMessage Bytes that a message may have. */
  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage;
  }

  /**
   * What is complete with these bytes, in order.
   *
   * @throws {WebSocketFault}
   */
  *read(piece: Uint8Array): Generator<ReceivedFrame> {
    this.#received.add(piece);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      const { opcode, isLast, payload } = frame;
      const received = opcode >= 8 ? control(opcode, payload) : this.#message(opcode, isLast, payload);
      if (received !== undefined) yield received;
    }
  }

  #next(): { opcode: number; isLast: boolean; payload: Uint8Array<ArrayBuffer> } | undefined {
    const received = this.#received;
    if (received.length < 2) return undefined;
    const [first, second] = [received.at(0), received.at(1)];
    const opcode = first & 0x0f;
    const isLast = first >= 0x80;
    if ((first & 0x70) !== 0) throw new WebSocketFault("reserved bits are set", { code: 1002 });
    if (second >= 0x80) throw new WebSocketFault("a server's frame is masked", { code: 1002 });
    if (opcode >= 8 && (second > 125 || !isLast))
      throw new WebSocketFault("a control frame is in parts or long", { code: 1002 });
    const extended = EXTENDED[second] ?? 0;
    const start = 2 + extended;
    if (received.length < start) return undefined;
    let length = extended === 0 ? second : 0;
    for (let at = 2; at < start; at++) length = length * 256 + received.at(at);
    if (this.#partsLength + length > this.#maxMessage)
      throw new WebSocketFault("a message is too big", { code: 1009 });
    if (received.length < start + length) return undefined;
    received.skip(start);
    return { opcode, isLast, payload: received.take(length) };
  }

  #message(opcode: number, isLast: boolean, payload: Uint8Array<ArrayBuffer>): ReceivedFrame | undefined {
    if (opcode > OPCODE.binary) throw new WebSocketFault(`opcode ${opcode} is not known`, { code: 1002 });
    if ((opcode === 0) === (this.#opcode === 0))
      throw new WebSocketFault("the parts of messages are mixed up", { code: 1002 });
    if (opcode !== 0) this.#opcode = opcode;
    const isWhole = isLast && opcode !== 0;
    if (!isWhole) {
      this.#parts.push(payload);
      this.#partsLength += payload.length;
      if (!isLast) return undefined;
    }
    const bytes = isWhole ? payload : joined(this.#parts, this.#partsLength);
    const isText = this.#opcode === OPCODE.text;
    this.#opcode = 0;
    this.#parts = [];
    this.#partsLength = 0;
    return isText ? { type: "text", text: textOf(bytes) } : { type: "binary", bytes };
  }
}

function control(opcode: number, bytes: Uint8Array<ArrayBuffer>): ReceivedFrame {
  if (opcode === OPCODE.ping) return { type: "ping", bytes };
  if (opcode === OPCODE.pong) return { type: "pong" };
  if (opcode !== OPCODE.close) throw new WebSocketFault(`opcode ${opcode} is not known`, { code: 1002 });
  if (bytes.length === 0) return { type: "close", code: NO_CODE, reason: "" };
  const code = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (bytes.length === 1 || !isSendable(code))
    throw new WebSocketFault("a Close has no valid code", { code: 1002 });
  return { type: "close", code, reason: textOf(bytes.subarray(2)) };
}

/** @throws {WebSocketFault} if it is not UTF-8 (RFC 6455 §8.1). */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new WebSocketFault("a text is not UTF-8", { code: 1007, cause: error });
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Bytes that wait. The room grows by doubling, so a big message is not copied for each of its pieces. */
class ByteQueue {
  #room: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  add(piece: Uint8Array): void {
    const { length } = this;
    if (length === 0) {
      // Bytes of the socket's reader, which nobody changes any more.
      [this.#room, this.#start, this.#end] = [piece, 0, piece.length];
      return;
    }
    if (this.#end + piece.length > this.#room.length) {
      const room = new Uint8Array(Math.max(2 * length, length + piece.length));
      room.set(this.#room.subarray(this.#start, this.#end));
      [this.#room, this.#start, this.#end] = [room, 0, length];
    }
    this.#room.set(piece, this.#end);
    this.#end += piece.length;
  }

  at(index: number): number {
    return this.#room[this.#start + index] ?? 0;
  }

  skip(count: number): void {
    this.#start += count;
  }

  /** A copy of the next bytes. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#room.subarray(this.#start, this.#start + count));
    this.#start += count;
    return bytes;
  }
}
