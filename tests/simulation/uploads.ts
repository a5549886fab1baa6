/** Uploads: the callers' request bodies, and the ways in which they misbehave. */

import type { BodySource } from "../../src/fetch/prepare-body.ts";
import type { Happening } from "./dimensions.ts";
import { payloadBytes } from "./payload.ts";
import type { RequestRecord, UploadSpec } from "./record.ts";

/** What uploads need from their world. */
export interface UploadWorld {
  /** Callers use a buffer again as soon as it counts as taken. */
  readonly usesBuffersAgain: boolean;
  pause(ms: number, tie: number): Promise<void>;
  later(ms: number, tie: number, act: () => void): void;
  happened(what: Happening): void;
  /** Checks whose async context is active here. */
  sees(record: RequestRecord, where: Happening): void;
}

/** A mistake of the caller, made on purpose. */
export class Misused extends Error {
  override readonly name = "Misused";
}

/** The body as the API takes it, and its announced length, if any. */
export interface CallerBody {
  readonly body: BodySource | (() => BodySource);
  readonly length?: number;
}

/** Makes the body of a request. */
export function bodyOf(world: UploadWorld, record: RequestRecord, upload: UploadSpec): CallerBody {
  const { misuse } = record.spec.extras;
  const bytes = payloadBytes(record.spec.id, upload.length);
  const stream = (): ReadableStream<Uint8Array> => streamOf(world, record, upload, bytes);
  if (misuse === undefined) return { body: upload.kind === "bytes" ? bytes : stream() };
  world.happened(misuse);
  switch (misuse) {
    case "buffer taken away":
      world.later(1 + (record.spec.id % 7) * 3, record.spec.id, () => takeAway(record, bytes));
      return { body: bytes };
    case "blob that cannot be streamed":
      record.misused = true;
      return { body: brokenBlob(bytes.length) };
    case "stream shorter than its length":
    case "stream longer than its length": {
      record.misused = true;
      const off = misuse === "stream shorter than its length" ? 1 : -1;
      return { body: stream(), length: Math.max(0, bytes.length + off) };
    }
    case "generator":
      return { body: generatorOf(world, record, upload, bytes) };
    case "stream that never goes on":
    case "stream that breaks":
      return { body: stream() };
    default:
      return { body: functionOf(world, record, misuse, stream) };
  }
}

/** Transfers the buffer, as posting it to another thread does. */
function takeAway(record: RequestRecord, { buffer }: Uint8Array<ArrayBuffer>): void {
  if (record.phase === "done") return;
  record.misused = true;
  structuredClone(buffer, { transfer: [buffer] });
}

function brokenBlob(size: number): Blob {
  const blob = {
    [Symbol.toStringTag]: "Blob",
    size,
    type: "",
    stream(): never {
      throw new Misused("The blob cannot be streamed");
    },
  };
  return blob as unknown as Blob;
}

function functionOf(
  world: UploadWorld,
  record: RequestRecord,
  misuse: Happening,
  stream: () => ReadableStream<Uint8Array>,
): () => BodySource {
  let calls = 0;
  let first: ReadableStream<Uint8Array> | undefined;
  return () => {
    calls += 1;
    world.sees(record, "caller's store seen by a function");
    const again = calls > 1;
    if (misuse === "function that throws" || (again && misuse === "function that throws when called again")) {
      record.misused = true;
      throw new Misused("The function that makes the body threw");
    }
    if (again && misuse !== "function") record.misused = true;
    if (again && misuse === "function that gives another kind when called again") return "another kind";
    if (again && misuse === "function that gives a used stream when called again" && first !== undefined)
      return first;
    first = stream();
    return first;
  };
}

async function* generatorOf(
  world: UploadWorld,
  record: RequestRecord,
  upload: UploadSpec,
  bytes: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const size = pieceOf(upload, bytes);
  for (let at = 0; at < bytes.length; at += size) {
    seen(world, record, "caller's store seen by a generator");
    if (upload.gapMs > 0) await world.pause(upload.gapMs, record.spec.id);
    const piece = bytes.slice(at, at + size);
    yield piece;
    if (!world.usesBuffersAgain) continue;
    world.happened("buffer used again by a generator");
    piece.fill(0);
  }
  record.uploading = false;
}

function seen(world: UploadWorld, record: RequestRecord, where: Happening): void {
  record.uploading = true;
  world.sees(record, where);
  if (record.waited) world.sees(record, "caller's store seen after a wait for a connection");
}

function pieceOf({ pieces }: UploadSpec, { length }: Uint8Array): number {
  return Math.max(1, Math.ceil(length / pieces));
}

function streamOf(
  world: UploadWorld,
  record: RequestRecord,
  upload: UploadSpec,
  bytes: Uint8Array,
): ReadableStream<Uint8Array> {
  const { id, extras } = record.spec;
  const size = pieceOf(upload, bytes);
  let at = 0;
  const half = (): boolean => at * 2 >= bytes.length;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        seen(world, record, "caller's store seen by a stream");
        if (upload.gapMs > 0) await world.pause(upload.gapMs, id);
        if (extras.misuse === "stream that never goes on" && half()) {
          record.misused = true;
          return new Promise(() => {});
        }
        if (upload.breaks && half()) throw new Misused("The caller's stream broke");
        if (at >= bytes.length) {
          record.uploading = false;
          return controller.close();
        }
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    },
    { highWaterMark: 0 },
  );
}
