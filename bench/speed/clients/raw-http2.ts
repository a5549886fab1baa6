/**
 * Raw HTTP/2: the ceiling of every HTTP/2 client in JavaScript. A TLS socket of the runtime writes prepared frames, and of the
 * answer it reads the heads of frames alone, to know when a stream ends. It decodes no fields and keeps no windows; one promise
 * is made per answer. It collects the bodies if it is told to, each into an array of its own.
 */

import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import type { Launch } from "../launch.ts";
import type { Client } from "./sender.ts";

type Arrived = (bytes: Uint8Array, length: number) => void;
type Write = (bytes: Uint8Array) => void;
type Open = (launch: Launch, arrived: Arrived) => Promise<Write>;

interface Writable {
  write(bytes: Uint8Array): number;
}

interface BunLike {
  connect(options: object): Promise<unknown>;
}

interface DenoLike {
  connectTls(options: object): Promise<{
    read(into: Uint8Array): Promise<number | null>;
    write(bytes: Uint8Array): Promise<number>;
  }>;
}

const { Bun, Deno } = globalThis as unknown as { Bun?: BunLike; Deno?: DenoLike };

const TYPE = { data: 0, headers: 1, settings: 4, windowUpdate: 8 } as const;
const HEAD = 9;
const FRAME_BYTES = 16_384;
const WRITE_BYTES = 16 * (HEAD + FRAME_BYTES);
/** SETTINGS_INITIAL_WINDOW_SIZE: a whole answer of 1 MiB. The connection gets its largest window now and then. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 2 ** 30;

const BUFFER = new Uint8Array(65_536);

const openNode: Open = ({ url, ca }, arrived) =>
  new Promise((resolve) => {
    const { hostname: host, port } = new URL(url);
    const callback = (length: number): boolean => {
      arrived(BUFFER, length);
      return true;
    };
    const onread = { buffer: BUFFER, callback };
    const more = { ALPNProtocols: ["h2"], noDelay: true, ...(ca === undefined ? {} : { ca }) };
    const options = { host, port: Number(port), onread, ...more } as ConnectionOptions;
    const socket = tlsConnect(options, () => resolve((bytes) => void socket.write(bytes)));
  });

function openBun(bun: BunLike): Open {
  return ({ url, ca }, arrived) =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(url);
      // In wire format (RFC 7301 §3.1): Bun 1.4 ignores a plain string.
      const ALPNProtocols = new TextEncoder().encode("\u0002h2");
      let waiting: Uint8Array[] = [];
      const write = (socket: Writable, bytes: Uint8Array): void => {
        if (waiting.length > 0) return void waiting.push(bytes);
        const taken = Math.max(0, socket.write(bytes));
        if (taken < bytes.length) waiting.push(bytes.subarray(taken));
      };
      const socket = {
        data: (_: unknown, bytes: Uint8Array) => arrived(bytes, bytes.length),
        handshake: (raw: Writable) => resolve((bytes) => write(raw, bytes)),
        drain(raw: Writable) {
          const pieces = waiting;
          waiting = [];
          for (const piece of pieces) write(raw, piece);
        },
      };
      void bun.connect({ hostname, port: Number(port), tls: { ca, ALPNProtocols }, socket });
    });
}

function openDeno(deno: DenoLike): Open {
  return async ({ url, ca }, arrived) => {
    const { hostname, port } = new URL(url);
    const caCerts = ca === undefined ? [] : [ca];
    const socket = await deno.connectTls({ hostname, port: Number(port), caCerts, alpnProtocols: ["h2"] });
    const read = (): void => {
      socket.read(BUFFER).then((length) => {
        arrived(BUFFER, length ?? 0);
        read();
      }, ended);
    };
    queueMicrotask(read);
    let last: Promise<unknown> = Promise.resolve();
    const all = async (bytes: Uint8Array): Promise<void> => {
      for (let at = 0; at < bytes.length; ) at += await socket.write(bytes.subarray(at));
    };
    return (bytes) => {
      last = last.then(() => all(bytes));
    };
  };
}

function opener(): Open {
  if (Bun !== undefined) return openBun(Bun);
  return Deno === undefined ? openNode : openDeno(Deno);
}

/** Either the process is about to exit, or the bench notices that responses are missing. */
function ended(): void {}

function frame(type: number, flags: number, id: number, payload: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(HEAD + payload.length);
  const { length } = payload;
  bytes.set([length >>> 16, length >>> 8, length, type, flags, 0, 0, 0, 0]);
  bytes.set(payload, HEAD);
  setId(bytes, 0, id);
  return bytes;
}

function setId(bytes: Uint8Array, at: number, id: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at + 5, id);
}

function uint32(value: number): number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function preface(): Uint8Array {
  return joined([
    new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(TYPE.settings, 0, 0, [0, 2, ...uint32(0), 0, 4, ...uint32(STREAM_WINDOW)]),
    frame(TYPE.windowUpdate, 0, 0, uint32(CONNECTION_WINDOW - 65_535)),
  ]);
}

/** The frames of a request, and where their heads are: each gets the number of its stream. */
function requestFrames({ url, upload }: Launch): { readonly bytes: Uint8Array; readonly heads: number[] } {
  const { host, pathname } = new URL(url);
  const text = (name: number, value: string) => [name, value.length, ...new TextEncoder().encode(value)];
  // Of the static table: :method GET or POST, :scheme https; :path and :authority are literals (RFC 7541 §6.2.2).
  const block = [upload === 0 ? 0x82 : 0x83, 0x87, ...text(4, pathname), ...text(1, host)];
  const frames = [frame(TYPE.headers, upload === 0 ? 5 : 4, 1, block)];
  for (let left = upload; left > 0; left -= FRAME_BYTES)
    frames.push(
      frame(TYPE.data, left <= FRAME_BYTES ? 1 : 0, 1, new Uint8Array(Math.min(left, FRAME_BYTES))),
    );
  let at = 0;
  const heads = frames.map(({ length }) => {
    at += length;
    return at - length;
  });
  return { bytes: joined(frames), heads };
}

/** Finds the heads of frames. `body`: bytes of DATA; `head`: a frame without its payload; `end`: its payload has come. */
interface Sink {
  body(id: number, bytes: Uint8Array, start: number, end: number): void;
  end(type: number, flags: number, id: number): void;
}

function frameHeads(sink: Sink): Arrived {
  const head = new Uint8Array(HEAD);
  let [held, left, type, flags, id] = [0, 0, 0, 0, 0];
  return (bytes, length) => {
    for (let at = 0; at < length; ) {
      if (held < HEAD) {
        head[held++] = bytes[at++] as number;
        if (held < HEAD) continue;
        left = ((head[0] as number) << 16) | ((head[1] as number) << 8) | (head[2] as number);
        type = head[3] as number;
        flags = head[4] as number;
        id = new DataView(head.buffer).getUint32(5);
      }
      const stop = Math.min(length, at + left);
      if (type === TYPE.data && stop > at) sink.body(id, bytes, at, stop);
      left -= stop - at;
      at = stop;
      if (left > 0) continue;
      held = 0;
      sink.end(type, flags, id);
    }
  };
}

interface Waiting {
  received: number;
  body: Uint8Array | undefined;
  done(size: number): void;
}

/** The streams that wait for their answers, and the windows that the peer has for all of it. */
function answers(write: () => Write, opened: () => void): { sink: Sink; waiting: Map<number, Waiting> } {
  const waiting = new Map<number, Waiting>();
  let taken = 0;
  const sink: Sink = {
    body(id, bytes, start, end) {
      taken += end - start;
      const stream = waiting.get(id);
      if (stream === undefined) return;
      stream.body?.set(bytes.subarray(start, end), stream.received);
      stream.received += end - start;
    },
    end(type, flags, id) {
      if (type === TYPE.settings && flags === 0) write()(frame(TYPE.settings, 1, 0, []));
      if (type === TYPE.settings || type === TYPE.windowUpdate) opened();
      if (2 * taken > CONNECTION_WINDOW) {
        write()(frame(TYPE.windowUpdate, 0, 0, uint32(taken)));
        taken = 0;
      }
      if (type > TYPE.headers || (flags & 1) === 0) return;
      const stream = waiting.get(id);
      waiting.delete(id);
      stream?.done(stream.received);
    },
  };
  return { sink, waiting };
}

function clientThat(collects: boolean): Client {
  return async (launch) => {
    const { expected, upload } = launch;
    const request = requestFrames(launch);
    // A server opens the window of the connection after its settings. Uploads need it.
    let opens = upload > 0 ? 2 : 1;
    let write: Write = ended;
    const ready = Promise.withResolvers<void>();
    const opened = (): void => {
      opens -= 1;
      if (opens === 0) ready.resolve();
    };
    const { sink, waiting } = answers(() => write, opened);
    write = await opener()(launch, frameHeads(sink));
    write(preface());
    await ready.promise;
    let nextId = 1;
    return () =>
      new Promise((done) => {
        waiting.set(nextId, { received: 0, body: collects ? bodyOf(expected) : undefined, done });
        for (const at of request.heads) setId(request.bytes, at, nextId);
        nextId += 2;
        for (let at = 0; at < request.bytes.length; at += WRITE_BYTES)
          write(request.bytes.slice(at, at + WRITE_BYTES));
      });
  };
}

function bodyOf(length: number): Uint8Array {
  const { Buffer } = globalThis as unknown as { Buffer?: { allocUnsafeSlow(length: number): Uint8Array } };
  return Buffer?.allocUnsafeSlow(length) ?? new Uint8Array(length);
}

/** It counts the bytes of the answers. */
export const rawHttp2: Client = clientThat(false);

/** It collects them as well. */
export const rawHttp2Bodies: Client = clientThat(true);
