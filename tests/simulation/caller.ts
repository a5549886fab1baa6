/** Caller: makes one request as its spec says, reads the response, and has both judged. */

import type { Pool, PoolResponse } from "../../mod.ts";
import type { UpgradedSocket } from "../../src/exchange/upgraded-socket.ts";
import type { FetchInit } from "../../src/fetch/fetch-request.ts";
import { UpgradeResponse } from "../../src/fetch/upgrade.ts";
import { readCopied } from "./copies.ts";
import type { Happening, Leave } from "./dimensions.ts";
import { type Answered, judgeBody } from "./judge.ts";
import type { Finding } from "./judges.ts";
import { ascii, payload } from "./payload.ts";
import type { Promised, RequestRecord, RequestSpec } from "./record.ts";
import { sumOf } from "./request-reader.ts";
import { type TunnelWorld, tunnel } from "./tunnel.ts";
import { bodyOf, type UploadWorld } from "./uploads.ts";

/** What a caller needs from its world. */
export interface CallerWorld extends UploadWorld, TunnelWorld {
  readonly pool: Pool;
  /** Runs the synchronous part of a call. */
  calling<T>(record: RequestRecord, act: () => T): T;
  /** Blocks the program for a while: nothing reaches it. */
  busy(ms: number): void;
  /** Keeps a response from garbage collection, which happens at a random time and would be reported. */
  keep(response: unknown): void;
  answered(record: RequestRecord, answer: Answered): void;
  /** The caller stopped reading the body. */
  left(record: RequestRecord): void;
  /** The request failed. The world judges whether it may. */
  failed(record: RequestRecord, error: unknown): void;
  settled(record: RequestRecord, outcome: string, problem: Finding | undefined): void;
  /** Something goes on that no call waits for. It resolves to what is wrong. */
  goesOn(what: Promise<Finding | undefined>): void;
  /** Aborts the request if it is not over. Returns whether it did. */
  abort(record: RequestRecord): boolean;
}

type Answer = { readonly pooled: PoolResponse } | { readonly standard: Response };

/** Makes a request. Resolves when nothing more can happen to it. */
export async function call(world: CallerWorld, record: RequestRecord): Promise<void> {
  const { spec } = record;
  const signal = needsSignal(record) ? signalOf(world, record) : undefined;
  try {
    const answer = await world.calling(record, () => send(world, record, signal));
    record.phase = "body";
    if (spec.reading === "unread") world.keep(answer);
    world.answered(record, factsOf(answer));
    if ("pooled" in answer && answer.pooled instanceof UpgradeResponse) {
      const { socket } = answer.pooled;
      if (socket !== undefined) return await useSocket(world, record, socket);
      world.happened("upgrade answered otherwise");
    }
    if (spec.extras.busyMs > 0) world.busy(spec.extras.busyMs);
    await read(world, record, answer);
  } catch (error) {
    record.phase = "done";
    world.failed(record, error);
  }
}

/** The request is over, and its signal has no effect any more. */
async function useSocket(world: CallerWorld, record: RequestRecord, socket: UpgradedSocket): Promise<void> {
  const { id, extras } = record.spec;
  record.phase = "done";
  const { upgrade } = extras;
  const problem = world.judges.finds(
    "sockets are given to who asked for one",
    true,
    upgrade === undefined,
    "asked for no upgrade",
  );
  if (upgrade === undefined) return world.settled(record, "upgraded", problem);
  const used = tunnel(world, id, upgrade, socket);
  // Its caller makes other requests meanwhile, or the pool would never be closed.
  if (upgrade.outlives) world.goesOn(used);
  world.settled(record, "upgraded", upgrade.outlives ? undefined : await used);
}

function needsSignal({ spec: { abortAfterMs, extras } }: RequestRecord): boolean {
  return abortAfterMs !== undefined || extras.abortable || extras.leave?.how === "abort";
}

/** A signal that is aborted after a time, or by others. */
function signalOf(world: CallerWorld, record: RequestRecord): AbortSignal {
  const { abortAfterMs, id } = record.spec;
  const controller = new AbortController();
  record.controller = controller;
  // The record must have the reason before other listeners of the signal run.
  controller.signal.addEventListener("abort", () => {
    record.reason = controller.signal.reason;
  });
  if (abortAfterMs === 0) world.abort(record);
  else if (abortAfterMs !== undefined) world.later(abortAfterMs, id, () => world.abort(record));
  return controller.signal;
}

async function send(
  world: CallerWorld,
  record: RequestRecord,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { spec } = record;
  const url = `http://${spec.hostname}/r/${spec.id}`;
  const headers: Record<string, string> = {};
  if (spec.keyed) headers["idempotency-key"] = `${spec.id}`;
  if (spec.expectsContinue) headers.expect = "100-continue";
  const made = spec.upload === undefined ? undefined : bodyOf(world, record, spec.upload);
  if (made?.length !== undefined) headers["content-length"] = String(made.length);
  const common = { method: spec.method, headers, ...(made === undefined ? {} : { body: made.body }) };
  const upgraded = { protocol: "echo", headers, ...(signal === undefined ? {} : { signal }) };
  const trailed = spec.extras.trailers ? { trailers: trailersFor(world, spec) } : undefined;
  const watched = signal === undefined ? common : { ...common, signal };
  if (spec.extras.upgrade !== undefined)
    return { pooled: await world.pool.upgrade(url, { ...upgraded, ...spec.deadlines }) };
  if (spec.api === "request")
    return { pooled: await world.pool.request(url, { ...watched, ...trailed, ...spec.deadlines }) };
  return { standard: await world.pool.fetch(url, { ...watched, duplex: "half" } as FetchInit) };
}

function trailersFor(world: CallerWorld, { id, upload }: RequestSpec): Record<string, string> {
  world.happened("upload with trailers");
  return { "x-sum": sumOf(id, upload?.length ?? 0) };
}

function factsOf(answer: Answer): Answered {
  const response = "pooled" in answer ? answer.pooled : answer.standard;
  return { status: response.status, id: response.headers.get("x-id") };
}

async function read(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<void> {
  const { reading, id, extras } = record.spec;
  const done = (outcome: string, problem?: Finding): void => {
    record.phase = "done";
    world.settled(record, outcome, problem);
  };
  if (extras.coded !== undefined && extras.coded.bomb > 0) world.happened(bombName(reading));
  if (reading === "unread") return done("left unread");
  if (reading === "later") await world.pause(5000, id);
  if (reading === "later" || reading === "discard") {
    world.left(record);
    if ("pooled" in answer) answer.pooled.discard();
    else await answer.standard.body?.cancel();
    return done("discarded");
  }
  if (reading === "partly") return done((await readPart(world, record, answer)) ? "read in part" : "read");
  if (reading === "leaves") return done(await leave(world, record, answer));
  const body = await readAll(world, record, answer);
  done("read", judgeBody(record, body, expected(record), world.judges));
}

function bombName(reading: string): Happening {
  if (reading === "unread" || reading === "discard" || reading === "later") return "bomb not read";
  return reading === "partly" || reading === "leaves" ? "bomb read in part" : "bomb read whole";
}

/** The body that the response must have. */
const expected =
  ({ spec }: RequestRecord) =>
  (promised: Promised | undefined): string =>
    payload(spec.id, promised?.length ?? 0) + "z".repeat(promised?.run ?? 0);

async function readAll(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<string> {
  const { reading, id, extras } = record.spec;
  const response = "pooled" in answer ? answer.pooled : answer.standard;
  if (extras.copying !== undefined && "standard" in answer) {
    record.readsWhole = true;
    world.happened(extras.copying);
    return readCopied(answer.standard, extras.copying, () => world.pause((id % 5) * 40, id));
  }
  if (reading === "text" || reading === "bytes") record.readsWhole = true;
  if (reading === "text") return response.text();
  if (reading === "bytes")
    return ascii(
      "pooled" in answer ? await answer.pooled.bytes() : new Uint8Array(await answer.standard.arrayBuffer()),
    );
  const parts: string[] = [];
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return parts.join("");
    record.consumed += value.length;
    parts.push(ascii(value));
    // Runtimes differ in whether an empty body has a chunk.
    if (reading === "slowly" && value.length > 0) await world.pause(200 + (id % 7) * 300, id);
  }
}

/** Reads one chunk. Returns whether more may follow. */
async function readPart(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<boolean> {
  const response = "pooled" in answer ? answer.pooled : answer.standard;
  const reader = response.body?.getReader();
  let first = await reader?.read();
  if (first?.value?.length === 0) first = await reader?.read();
  if (first === undefined || first.done) return false;
  record.consumed += first.value.length;
  world.left(record);
  await reader?.cancel("enough");
  return true;
}

const LEFT_BY = {
  abort: "left in the body by abort",
  cancel: "left in the body by cancel",
  break: "left in the body by break",
  discard: "left in the body by discard",
} as const satisfies Readonly<Record<Leave, Happening>>;

/** Reads the given number of bytes, and leaves. Returns the outcome. */
async function leave(world: CallerWorld, record: RequestRecord, answer: Answer): Promise<string> {
  const { how = "cancel", afterBytes = 0 } = record.spec.extras.leave ?? {};
  const response = "pooled" in answer ? answer.pooled : answer.standard;
  const gone = (): string => {
    world.happened(LEFT_BY[how]);
    if (record.spec.extras.live) world.happened("left a live stream");
    world.left(record);
    return "read in part";
  };
  if (how === "discard" && "pooled" in answer) {
    const outcome = gone();
    answer.pooled.discard();
    return outcome;
  }
  if (response.body === null) return "read";
  if (how === "break") return (await readUntil(record, response.body, afterBytes, gone)) ?? "read";
  const reader = response.body.getReader();
  const least = how === "abort" ? 1 : 0;
  for (let got = 0; got < Math.max(least, afterBytes); ) {
    const { done, value } = await reader.read();
    if (done) return "read";
    record.consumed += value.length;
    got += value.length;
  }
  const outcome = gone();
  if (how === "abort") {
    world.abort(record);
    // A body that had arrived completely may still be given.
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "read";
      record.consumed += value.length;
    }
  }
  await reader.cancel("enough");
  return outcome;
}

/** Reads by `for await`, where `break` cancels the stream. Returns the result of `gone` if it came to that. */
async function readUntil(
  record: RequestRecord,
  body: ReadableStream<Uint8Array>,
  afterBytes: number,
  gone: () => string,
): Promise<string | undefined> {
  let got = 0;
  let outcome: string | undefined;
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    record.consumed += piece.length;
    got += piece.length;
    if (got < afterBytes || piece.length === 0) continue;
    outcome = gone();
    break;
  }
  return outcome;
}
