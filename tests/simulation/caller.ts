/** Caller: makes one request the way its spec says, reads the answer, and has both judged. */

import type { Pool, PoolResponse } from "../../mod.ts";
import { type Answered, judgeBody } from "./judge.ts";
import { ascii, payload, payloadBytes } from "./payload.ts";
import type { RequestRecord, RequestSpec, UploadSpec } from "./record.ts";

/** What a caller needs of its world. */
export interface CallerWorld {
  readonly pool: Pool;
  /** Virtual time passes. */
  pause(ms: number, tie: number): Promise<void>;
  /** `act` happens after a time. */
  later(ms: number, tie: number, act: () => void): void;
  /** Holds on to what the garbage collector must not tell of. */
  keep(response: unknown): void;
  answered(record: RequestRecord, answer: Answered): void;
  /** It failed; judged there. */
  failed(record: RequestRecord, error: unknown): void;
  settled(record: RequestRecord, outcome: string, problem: string | undefined): void;
  aborts(record: RequestRecord): void;
}

type Answer = { readonly light: PoolResponse } | { readonly standard: Response };

/** Makes a request. Resolves when nothing more will become of it. */
export async function call(world: CallerWorld, record: RequestRecord): Promise<void> {
  const { spec } = record;
  const signal =
    spec.abortAfterMs === undefined ? undefined : abortedSignal(world, record, spec.abortAfterMs);
  try {
    const answer = await send(world, spec, signal);
    record.phase = "body";
    if (spec.reading === "unread") world.keep(answer);
    world.answered(record, factsOf(answer));
    await read(world, record, answer);
  } catch (error) {
    record.phase = "done";
    world.failed(record, error);
  }
}

/** A signal that is aborted after a time. */
function abortedSignal(world: CallerWorld, record: RequestRecord, afterMs: number): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    if (record.phase === "done") return;
    record.aborted = record.phase;
    world.aborts(record);
    if (record.spec.id % 3 === 0) controller.abort();
    else controller.abort(record.spec.id % 3 === 1 ? new Error("enough") : "enough");
    record.reason = controller.signal.reason;
  };
  // The reason must be known before anybody can be told of it.
  controller.signal.addEventListener("abort", () => {
    record.reason = controller.signal.reason;
  });
  if (afterMs === 0) abort();
  else world.later(afterMs, record.spec.id, abort);
  return controller.signal;
}

async function send(world: CallerWorld, spec: RequestSpec, signal: AbortSignal | undefined): Promise<Answer> {
  const url = `http://${spec.hostname}/r/${spec.id}`;
  const headers: Record<string, string> = {};
  if (spec.keyed) headers["idempotency-key"] = `${spec.id}`;
  if (spec.expectsContinue) headers.expect = "100-continue";
  const body = spec.upload === undefined ? undefined : bodyOf(world, spec, spec.upload);
  const common = { method: spec.method, headers, ...(body === undefined ? {} : { body }) };
  const watched = signal === undefined ? common : { ...common, signal };
  if (spec.api === "request")
    return { light: await world.pool.request(url, { ...watched, ...spec.deadlines }) };
  return { standard: await world.pool.fetch(url, { ...watched, duplex: "half" }) };
}

function bodyOf(
  world: CallerWorld,
  { id }: RequestSpec,
  upload: UploadSpec,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  const bytes = payloadBytes(id, upload.length);
  if (upload.kind === "bytes") return bytes;
  const size = Math.max(1, Math.ceil(bytes.length / upload.pieces));
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (upload.gapMs > 0) await world.pause(upload.gapMs, id);
        if (upload.breaks && at * 2 >= bytes.length) throw new Error("The caller's stream broke");
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    },
    { highWaterMark: 0 },
  );
}

function factsOf(answer: Answer): Answered {
  const response = "light" in answer ? answer.light : answer.standard;
  return { status: response.status, id: response.headers.get("x-id") };
}

async function read(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<void> {
  const { reading } = record.spec;
  const done = (outcome: string, problem?: string): void => {
    record.phase = "done";
    world.settled(record, outcome, problem);
  };
  if (reading === "unread") return done("left unread");
  if (reading === "later") await world.pause(5000, record.spec.id);
  if (reading === "later" || reading === "discard") {
    if ("light" in answer) answer.light.discard();
    else await answer.standard.body?.cancel();
    return done("discarded");
  }
  if (reading === "partly") return done((await readPart(answer)) ? "read in part" : "read");
  const body = await readAll(world, record, answer);
  done("read", judgeBody(record, body, payload(record.spec.id, record.promised?.length ?? 0)));
}

async function readAll(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<string> {
  const { reading, id } = record.spec;
  const response = "light" in answer ? answer.light : answer.standard;
  if (reading === "text") return response.text();
  if (reading === "bytes")
    return ascii(
      "light" in answer ? await answer.light.bytes() : new Uint8Array(await answer.standard.arrayBuffer()),
    );
  const parts: string[] = [];
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return parts.join("");
    parts.push(ascii(value));
    // Runtimes differ in whether an empty body has a piece.
    if (reading === "slowly" && value.length > 0) await world.pause(200 + (id % 7) * 300, id);
  }
}

/** Reads one piece; answers whether there was more to come for all that anybody knows. */
async function readPart(answer: Answer): Promise<boolean> {
  const response = "light" in answer ? answer.light : answer.standard;
  const reader = response.body?.getReader();
  let first = await reader?.read();
  if (first?.value?.length === 0) first = await reader?.read();
  if (first === undefined || first.done) return false;
  await reader?.cancel("enough");
  return true;
}
