/** Server: one simulated origin that speaks HTTP/2, and what it does on each connection. */

import { portableText } from "../../../src/contract/text.ts";
import { ByteWriter } from "../../../src/http2/byte-writer.ts";
import { HpackDecoder } from "../../../src/http2/hpack/hpack-decoder.ts";
import { HpackEncoder } from "../../../src/http2/hpack/hpack-encoder.ts";
import type { MemoryPeer } from "../../../transports/memory.ts";
import { Prng } from "../../support/prng.ts";
import { type Agenda, type Appointment, LANE } from "../agenda.ts";
import type { Judges } from "../judges.ts";
import { ascii, isPayload, payloadBytes } from "../payload.ts";
import { slowMs } from "../slowness.ts";
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  type Frame,
  FrameReader,
  four,
  frame,
  joined,
  PADDED,
  settingsFrame,
  TYPE,
  uint32,
} from "./frames.ts";
import { type Hint, Hints, type TakenBack } from "./hints.ts";
import type { ServerPlan, UnusedEnd } from "./plan.ts";

/** What a server needs of its world. */
export interface ServerWorld {
  readonly agenda: Agenda;
  readonly latencyMs: number;
  /** What the client writes is sent at once. */
  readonly isPunctual: boolean;
  /** The length of the response to a request. */
  readonly trace: ((what: string) => void) | undefined;
  lengthOf(id: number): number;
  executes(id: number, method: string): void;
  /** The server gives the client a cause to fail. */
  excuses(id: number, why: string): void;
  /** The request comes, after so many redirects. Returns how often it has come so. */
  arrives(id: number, hop: number): number;
  /** The server has not processed the request, and the client is told so. `hop`: it had arrived before. */
  spares(id: number, hop?: number): void;
  /** The client is told so, too, but has got a 1xx before. */
  disowns(id: number): void;
  /** The server begins to process the request. */
  takes(id: number): void;
  /** Where the request is sent on to, if it has hops left; `hop`: how many it has had. */
  redirect(id: number, hop: number): string | undefined;
  /** The request came on a connection that a box in between has forgotten. */
  swallowed(hostname: string, id: number): void;
  happened(what: string): void;
  readonly judges: Judges;
  /** How the connection that has just come is to end, and when, if nothing has come on it by then. */
  endsUnused(prng: Prng): { readonly how: UnusedEnd; readonly afterMs: number } | undefined;
}

const CODES = { noError: 0, internal: 2, refused: 7, cancel: 8, calm: 11 } as const;
const NEVER = 2 ** 31 - 1;

const FAULTS = [
  "reset",
  "refuse",
  "fin",
  "rst",
  "vanish",
  "goaway with an error",
  "calm",
  "never answers",
  "early response",
  "malformed",
  "frame of no stream",
  "goaway in the middle",
] as const;

const GOAWAY_CODES = {
  "goaway with an error": CODES.internal,
  calm: CODES.calm,
  "goaway in the middle": CODES.noError,
} as const;

/** One origin. */
export class Http2Server {
  readonly plan: ServerPlan;
  readonly world: ServerWorld;
  readonly prng: Prng;
  readonly connections: Set<Http2ServerConnection> = new Set();
  /** For how connections end unused. */
  readonly #ends: Prng;
  readonly hints: Hints;
  /** For what it does not read. */
  readonly #unread: Prng;
  #restart: Appointment | undefined;

  constructor(world: ServerWorld, plan: ServerPlan) {
    this.world = world;
    this.plan = plan;
    this.prng = new Prng(plan.seed);
    this.#ends = new Prng(plan.seed ^ 0xe4d);
    this.hints = new Hints(plan.hints, plan.seed);
    this.#unread = new Prng(plan.seed ^ 0xdeaf);
    this.#restartLater();
  }

  accept(peer: MemoryPeer): void {
    const connection = new Http2ServerConnection(this, peer);
    this.connections.add(connection);
    const end = this.world.endsUnused(this.#ends);
    if (end !== undefined) connection.endsUnused(end.how, end.afterMs);
  }

  /** All connections get a GOAWAY at once. */
  #restartLater(): void {
    const { restartEveryMs } = this.plan;
    if (restartEveryMs === Infinity) return;
    this.#restart = this.world.agenda.schedule(LANE.server, restartEveryMs, () => {
      if (this.connections.size > 0) this.world.happened("restart");
      for (const connection of [...this.connections]) connection.leaves();
      this.#restartLater();
    });
  }

  /** Whether it reads nothing more on a connection where an upload begins. */
  readsNoMore(): boolean {
    const { unreadOneIn } = this.plan;
    return unreadOneIn < Infinity && this.#unread.oneIn(unreadOneIn);
  }

  stop(): void {
    this.#restart?.cancel();
  }
}

interface ServerStream {
  readonly number: number;
  /** The request's own number. */
  id: number;
  method: string;
  path: string;
  uploadLength: number | undefined;
  received: number;
  /** What the client may still send. */
  window: number;
  sendWindow: number;
  requestEnded: boolean;
  responded: boolean;
  ended: boolean;
  left: Uint8Array;
  trailers: boolean;
  /** How many redirects it went through. */
  hop: number;
  /** It has got a 1xx. */
  hinted: boolean;
}

/** The server's end of one connection. */
export class Http2ServerConnection {
  readonly #server: Http2Server;
  readonly #peer: MemoryPeer;
  readonly #reader = new FrameReader();
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #streams: Map<number, ServerStream> = new Map();
  #out: Uint8Array[] = [];
  #isOver = false;
  #isDeaf = false;
  /** Something has come. */
  #isHeard = false;
  /** When something passed last, in either direction. */
  #passedAt: number;
  #isForgotten = false;
  #requests = 0;
  #lastStream = 0;
  /** Streams above it are not processed. */
  #lastTaken = NEVER;
  /** When a GOAWAY has reached the client. */
  #goneAt = Infinity;
  #idleTimer: Appointment | undefined;
  #finTimer: Appointment | undefined;
  // What the client allows.
  #clientWindow = 65_535;
  #clientStreamWindow = 65_535;
  #clientFrame = 16_384;
  // What the client may do, as far as it has said that it knows.
  #window = 65_535;
  #streamWindow = 65_535;
  #maxStreams = Infinity;
  #fieldBytes = Infinity;
  readonly #pending: { maxStreams: number; window: number; tables: readonly number[]; fieldBytes: number }[] =
    [];
  #first: readonly (readonly [setting: number, value: number])[] = [];
  #isSettled = false;
  #pingsDueBy: number[] = [];
  #block: { number: number; flags: number; parts: Uint8Array[] } | undefined;

  constructor(server: Http2Server, peer: MemoryPeer) {
    this.#server = server;
    this.#peer = peer;
    this.#passedAt = server.world.agenda.now;
    const { maxStreams, initialWindow, frameSize, tableSize } = server.plan;
    // The client uses a table of the initial size until it knows better.
    this.#decoder = new HpackDecoder(4096, portableText);
    peer.onData((bytes) => this.#read(bytes));
    peer.onClosed(() => this.#stop());
    const { settingsAfterMs, maxFieldBytes } = server.plan;
    const first: (readonly [number, number])[] = [
      [1, tableSize],
      [3, maxStreams],
      [4, initialWindow],
      [5, frameSize],
    ];
    if (maxFieldBytes < Infinity) first.push([6, maxFieldBytes]);
    this.#first = first;
    if (settingsAfterMs > 0) server.world.happened("settings late");
    this.#soon(settingsAfterMs, () => this.#settle());
  }

  /** Nothing may come before SETTINGS (RFC 9113 §3.4), so that whatever was to be said until now waits for them. */
  #settle(): void {
    if (this.#isSettled || this.#isOver) return;
    const waiting = this.#out;
    this.#out = [];
    this.#settings(this.#first);
    this.#isSettled = true;
    this.#out.push(...waiting);
    this.#flush();
    if (this.#streams.size === 0) this.#watchIdle();
  }

  get #world(): ServerWorld {
    return this.#server.world;
  }

  #settings(settings: readonly (readonly [setting: number, value: number])[]): void {
    const before = this.#pending.at(-1) ?? {
      maxStreams: this.#maxStreams,
      window: this.#streamWindow,
      tables: [],
      fieldBytes: this.#fieldBytes,
    };
    const next = {
      ...before,
      tables: settings.filter(([setting]) => setting === 1).map(([, value]) => value),
    };
    for (const [setting, value] of settings) {
      if (setting === 3) next.maxStreams = value;
      if (setting === 4) next.window = value;
      if (setting === 6) next.fieldBytes = value;
    }
    this.#pending.push(next);
    this.#send(settingsFrame(settings));
  }

  // What arrives

  #read(bytes: Uint8Array): void {
    this.#isHeard = true;
    if (this.#isOver || this.#isDeaf) return;
    if (!this.#passes()) return this.#swallow(bytes);
    const frames = this.#reader.push(bytes);
    this.#world.judges.rules(
      "h2: preface",
      true,
      frames === undefined,
      () => `the preface is ${JSON.stringify(ascii(bytes.subarray(0, 60)))}`,
    );
    if (frames === undefined) return;
    for (const each of frames) {
      if (this.#isOver || this.#isDeaf) return;
      this.#frame(each);
    }
    this.#pump();
    this.#flush();
  }

  /** Whether the box in between lets something through. What it has forgotten stays forgotten. */
  #passes(): boolean {
    const { now } = this.#world.agenda;
    if (now - this.#passedAt > this.#server.plan.forgetsMs && !this.#isForgotten) {
      this.#world.happened("forgotten by a box in between");
      this.#isForgotten = true;
    }
    this.#passedAt = now;
    return !this.#isForgotten;
  }

  #swallow(bytes: Uint8Array): void {
    for (const { type, flags, payload: block } of this.#reader.push(bytes) ?? []) {
      if (type !== TYPE.headers || (flags & END_HEADERS) === 0) continue;
      const field = (name: string, value: string): void => {
        if (name === "x-id") this.#world.swallowed(this.#server.plan.hostname, Number(value));
      };
      this.#decoder.decode(block, 0, block.length, { field });
    }
  }

  #frame({ type, flags, stream, payload: bytes }: Frame): void {
    this.#world.trace?.(`${this.#peer.id} > ${type} ${flags} #${stream} ${bytes.length}`);
    const { judges } = this.#world;
    judges.rules("h2: types of frames", true, false, "");
    judges.rules(
      "h2: blocks are whole",
      this.#block !== undefined,
      this.#block !== undefined && type !== TYPE.continuation,
      "a frame between HEADERS and CONTINUATION",
    );
    switch (type) {
      case TYPE.headers:
      case TYPE.continuation:
        return this.#blockPart(type, flags, stream, bytes);
      case TYPE.data:
        return this.#data(stream, bytes, flags);
      case TYPE.settings:
        return flags & ACK ? this.#acknowledged() : this.#clientSettings(bytes);
      case TYPE.ping:
        if ((flags & ACK) === 0) return this.#send(frame(TYPE.ping, ACK, 0, bytes));
        this.#pingsDueBy.shift();
        return;
      case TYPE.window:
        return this.#windowOpens(stream, uint32(bytes, 0));
      case TYPE.rst:
        return this.#reset(stream);
      case TYPE.goaway:
        return this.#world.judges.rules(
          "h2: code of a GOAWAY",
          true,
          uint32(bytes, 4) !== CODES.noError && !this.#malformed,
          () => `the client says GOAWAY with code ${uint32(bytes, 4)}`,
        );
      default:
        return judges.rules("h2: types of frames", true, true, `the client sent a frame of type ${type}`);
    }
  }

  #blockPart(type: number, flags: number, stream: number, bytes: Uint8Array): void {
    const { judges } = this.#world;
    if (type === TYPE.headers) {
      const isNew = stream % 2 === 1 && stream > this.#lastStream;
      const isWrong = !isNew && !this.#streams.has(stream);
      const last = this.#lastStream;
      judges.rules("h2: numbers of streams", true, isWrong, `HEADERS on stream ${stream} after ${last}`);
      if (isWrong) return;
      this.#block = { number: stream, flags, parts: [bytes] };
    } else {
      const isOf = this.#block?.number === stream;
      judges.rules("h2: CONTINUATION of a block", true, !isOf, "CONTINUATION of nothing");
      if (!isOf) return;
      this.#block?.parts.push(bytes);
    }
    if (flags & END_HEADERS) this.#headers();
  }

  #malformed = false;

  #clientSettings(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 6) {
      const setting = (bytes[at]! << 8) | bytes[at + 1]!;
      const value = uint32(bytes, at + 2);
      if (setting === 1) this.#encoder.setTableSize(value);
      if (setting === 4) {
        for (const stream of this.#streams.values()) stream.sendWindow += value - this.#clientStreamWindow;
        this.#clientStreamWindow = value;
      }
      if (setting === 5) this.#clientFrame = value;
    }
    this.#send(frame(TYPE.settings, ACK, 0, []));
  }

  #acknowledged(): void {
    const next = this.#pending.shift();
    this.#world.judges.rules(
      "h2: acknowledged settings",
      true,
      next === undefined,
      "the client acknowledges settings that nobody sent",
    );
    if (next === undefined) return;
    for (const stream of this.#streams.values()) stream.window += next.window - this.#streamWindow;
    this.#streamWindow = next.window;
    for (const table of next.tables) this.#decoder.setTableSize(table);
    this.#maxStreams = next.maxStreams;
    this.#fieldBytes = next.fieldBytes;
  }

  #headers(): void {
    const { number, flags, parts } = this.#block!;
    this.#block = undefined;
    const block = joined(parts);
    const fields = new Map<string, string>();
    let fieldBytes = 0;
    this.#decoder.decode(block, 0, block.length, {
      field: (name, value) => {
        fields.set(name, value);
        fieldBytes += name.length + value.length + 32;
      },
    });
    const { judges, isPunctual, latencyMs, agenda } = this.#world;
    judges.rules(
      "h2: limit of fields",
      this.#fieldBytes < Infinity,
      fieldBytes > this.#fieldBytes,
      () => `${fieldBytes} bytes of fields came, and the client knows of a limit of ${this.#fieldBytes}`,
    );
    const known = this.#streams.get(number);
    if (known !== undefined) {
      // Trailers.
      known.requestEnded = true;
      return this.#complete(known);
    }
    this.#lastStream = number;
    judges.rules(
      "h2: no stream after a GOAWAY",
      isPunctual,
      isPunctual && agenda.now > this.#goneAt + latencyMs,
      `stream ${number} was opened after the GOAWAY had come`,
    );
    const stream = this.#newStream(number, (flags & END_STREAM) !== 0, fields);
    if (number > this.#lastTaken) return this.#world.spares(stream.id);
    const attempt = this.#world.arrives(stream.id, stream.hop);
    judges.rules(
      "h2: paths",
      true,
      stream.path !== `/r/${stream.id}${stream.hop === 0 ? "" : `/${stream.hop}`}`,
      () => `request ${stream.id} asks for ${stream.path}`,
    );
    this.#streams.set(number, stream);
    const { size } = this.#streams;
    judges.rules(
      "h2: limit of streams",
      size >= this.#maxStreams,
      size > this.#maxStreams,
      () => `${size} streams are open, and the client knows of a limit of ${this.#maxStreams}`,
    );
    this.#idleTimer?.cancel();
    if (this.#refuses(stream)) return;
    this.#world.takes(stream.id);
    this.#requests += 1;
    if ((stream.uploadLength ?? 0) > 5000 && this.#server.readsNoMore()) return this.#readsNoMore();
    if (this.#vanishes(stream, attempt) || this.#hints(stream, attempt)) return;
    this.#disturb(stream);
    if (this.#isOver || this.#isDeaf || !this.#streams.has(number)) return;
    if (this.#requests >= this.#server.plan.maxRequests && this.#lastTaken === NEVER) this.leaves();
    if (stream.requestEnded) this.#complete(stream);
  }

  #newStream(number: number, requestEnded: boolean, fields: ReadonlyMap<string, string>): ServerStream {
    const path = fields.get(":path") ?? "";
    return {
      number,
      id: Number(fields.get("x-id")),
      method: fields.get(":method") ?? "",
      path,
      uploadLength: fields.has("x-length") ? Number(fields.get("x-length")) : undefined,
      received: 0,
      window: this.#streamWindow,
      sendWindow: this.#clientStreamWindow,
      requestEnded,
      responded: false,
      ended: false,
      left: new Uint8Array(0),
      trailers: false,
      hop: Number(path.split("/")[3] ?? 0),
      hinted: false,
    };
  }

  /** A strict server refuses what is beyond a limit that the client may not have heard of. */
  #refuses(stream: ServerStream): boolean {
    const { plan, world } = this.#server;
    const most = this.#pending.at(-1)?.maxStreams ?? (this.#isSettled ? this.#maxStreams : plan.maxStreams);
    if (!plan.isStrict || this.#streams.size <= most) return false;
    world.happened(
      this.#maxStreams === Infinity ? "refused before the settings were known" : "refused by a lower limit",
    );
    world.spares(stream.id, stream.hop);
    this.#resets(stream, CODES.refused);
    return true;
  }

  /** It takes no more requests, and does not read what is left of those that it has. */
  #readsNoMore(): void {
    this.#world.happened("reads no more");
    for (const { id } of this.#streams.values()) this.#world.excuses(id, "reads no more");
    this.#lastGoaway();
    this.#peer.stopReading();
  }

  /** It says nothing more, and ends the connection after a while. */
  #vanishes(stream: ServerStream, attempt: number): boolean {
    const { world, hints } = this.#server;
    const endsAfterMs = hints.vanishes(attempt);
    if (endsAfterMs === undefined) return false;
    world.happened("vanish");
    for (const { id } of this.#streams.values()) world.excuses(id, "vanish");
    if (stream.requestEnded && this.#isLastHop(stream)) world.executes(stream.id, stream.method);
    this.#isDeaf = true;
    world.agenda.schedule(LANE.server, endsAfterMs, () => {
      this.#stop();
      this.#peer.end();
    });
    return true;
  }

  /** Sends a 1xx. Returns whether the request is taken back after it. */
  #hints(stream: ServerStream, attempt: number): boolean {
    const { world, hints } = this.#server;
    const hint = hints.next(attempt, stream.requestEnded);
    if (hint === undefined) return false;
    world.happened("1xx at once");
    stream.hinted = true;
    this.#sendInterim(stream.number, hint.status);
    if (hint.takenBack === undefined) return false;
    this.#takesBack(stream, hint, hint.takenBack);
    return true;
  }

  #takesBack(stream: ServerStream, { executes, afterMs }: Hint, how: TakenBack): void {
    const { world } = this.#server;
    world.happened(`1xx, then ${how}`);
    if (executes && stream.requestEnded && this.#isLastHop(stream)) world.executes(stream.id, stream.method);
    // What came later is said to be unprocessed, too, where it may have been executed.
    if (how === "disowned" && this.#lastTaken === NEVER) return this.#disowns(stream);
    if (how === "refused" || how === "disowned") world.disowns(stream.id);
    else world.excuses(stream.id, how);
    if (how === "cut") for (const { id } of this.#streams.values()) world.excuses(id, how);
    stream.responded = true;
    stream.ended = true;
    this.#soon(afterMs, () => {
      if (how === "cut") return this.#leave("rst");
      this.#resets(stream, how === "reset" ? CODES.internal : CODES.refused);
    });
  }

  /** GOAWAY with the stream before that one as the last. */
  #disowns(stream: ServerStream): void {
    this.#world.disowns(stream.id);
    this.#settle();
    this.#lastTaken = Math.max(0, stream.number - 2);
    this.#goneAt = Math.min(this.#goneAt, this.#world.agenda.now + this.#world.latencyMs);
    this.#send(frame(TYPE.goaway, 0, 0, [...four(this.#lastTaken), ...four(CODES.noError)]));
    this.#forget(stream);
  }

  #sendInterim(number: number, status: string): void {
    const out = new ByteWriter();
    this.#encoder.begin(out);
    this.#encoder.field(":status", status, "index");
    this.#encoder.end();
    this.#sendFrames(number, out.taken(), 16_384, 0);
  }

  #data(number: number, bytes: Uint8Array, flags: number): void {
    this.#window -= bytes.length;
    const { judges } = this.#world;
    const isTooMuch = this.#window < 0 && bytes.length > 0;
    judges.rules(
      "h2: window of a connection",
      bytes.length > 0,
      isTooMuch,
      "the client sends more than the window of the connection",
    );
    if (isTooMuch) return;
    const { prng, plan } = this.#server;
    // A connection's window that stays shut for good would stop all.
    const updateMs = prng.next() < plan.stallRate ? prng.among(1, 20, 300) : 0;
    if (bytes.length > 0) this.#soon(updateMs, () => this.#opens(0, bytes.length));
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    stream.window -= bytes.length;
    const isOver = stream.window < 0 && bytes.length > 0;
    judges.rules(
      "h2: window of a stream",
      bytes.length > 0,
      isOver,
      `stream ${number} is sent more than its window`,
    );
    if (isOver) return;
    judges.rules(
      "h2: uploads belong to their requests",
      bytes.length > 0,
      !isPayload(stream.id, stream.received, bytes),
      `the upload of request ${stream.id} is another one's`,
    );
    stream.received += bytes.length;
    if (flags & END_STREAM) {
      stream.requestEnded = true;
      return this.#complete(stream);
    }
    const stalls = prng.next() < plan.stallRate;
    if (stalls) this.#world.happened("stalled window");
    if (bytes.length > 0)
      this.#soon(stalls ? prng.among(1, 50, 1000) : 0, () => this.#opens(number, bytes.length));
  }

  #opens(number: number, bytes: number): void {
    const stream = this.#streams.get(number);
    if (number === 0) this.#window += bytes;
    else if (stream === undefined || stream.requestEnded) return;
    else stream.window += bytes;
    this.#send(frame(TYPE.window, 0, number, four(bytes)));
  }

  #windowOpens(number: number, bytes: number): void {
    if (number === 0) this.#clientWindow += bytes;
    else {
      const stream = this.#streams.get(number);
      if (stream !== undefined) stream.sendWindow += bytes;
    }
  }

  #reset(number: number): void {
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    this.#world.happened("reset by the client");
    this.#forget(stream);
  }

  // What it does

  /** The request is complete, and is executed. */
  #complete(stream: ServerStream): void {
    const { world, prng, plan } = this.#server;
    const { uploadLength, received, responded } = stream;
    const isIncomplete = uploadLength !== undefined && received !== uploadLength && !responded;
    world.judges.rules(
      "h2: uploads are whole",
      uploadLength !== undefined,
      isIncomplete,
      () => `the upload of request ${stream.id} has ${received} of ${uploadLength} bytes`,
    );
    if (isIncomplete) return;
    if (responded) return this.#isDone(stream);
    if (world.redirect(stream.id, stream.hop) === undefined) world.executes(stream.id, stream.method);
    const usualMs = plan.serviceMs === 0 || prng.oneIn(4) ? 0 : prng.below(plan.serviceMs);
    const thinkMs = slowMs(plan.slow, world.agenda.now, prng) ?? usualMs;
    this.#soon(thinkMs, () => this.#respond(stream));
  }

  #respond(stream: ServerStream): void {
    if (stream.responded || !this.#streams.has(stream.number)) return;
    const { world, prng, plan } = this.#server;
    stream.responded = true;
    const location = world.redirect(stream.id, stream.hop);
    if (location !== undefined) return this.#redirects(stream, location);
    const length = world.lengthOf(stream.id);
    if (prng.oneIn(30)) {
      world.happened("interim response");
      this.#sendHead(
        stream.number,
        [
          [":status", "103"],
          ["link", "</style.css>; rel=preload"],
        ],
        0,
      );
    }
    const fields: [string, string][] = [
      [":status", "200"],
      ["x-id", String(stream.id)],
      ["server", "simulated"],
    ];
    if (prng.oneIn(2)) fields.push(["content-length", String(length)]);
    if (prng.oneIn(10)) fields.push(["x-pad", "p".repeat(prng.among(10, 500, 5000))]);
    if (prng.oneIn(5)) fields.push(["x-changes", String(prng.below(1000))]);
    stream.trailers = prng.oneIn(20);
    stream.left = payloadBytes(stream.id, length);
    const isOver = length === 0 && !stream.trailers;
    this.#sendHead(stream.number, fields, isOver ? END_STREAM : 0);
    if (isOver) this.#ended(stream);
    if (prng.next() < plan.changeRate) this.#changeSettings();
    if (prng.next() < plan.pingRate) this.#ping();
    this.#pump();
  }

  #redirects(stream: ServerStream, location: string): void {
    const { prng, plan, world } = this.#server;
    world.happened("redirect");
    const hasBody = prng.oneIn(3);
    stream.left = hasBody ? payloadBytes(stream.id, prng.below(300)) : new Uint8Array(0);
    const fields = [
      [":status", prng.among("307", "308")],
      ["location", location],
    ] as const;
    this.#sendHead(stream.number, fields, hasBody ? 0 : END_STREAM);
    if (!hasBody) this.#ended(stream);
    if (prng.next() < plan.changeRate) this.#changeSettings();
    this.#pump();
  }

  #sendHead(number: number, fields: readonly (readonly [string, string])[], flags: number): void {
    const out = new ByteWriter();
    const { prng } = this.#server;
    this.#encoder.begin(out);
    for (const [name, value] of fields)
      this.#encoder.field(
        name,
        value,
        name.startsWith(":") ? "index" : prng.among("index", "index", "plain", "never"),
      );
    this.#encoder.end();
    const block = out.taken();
    const size = prng.oneIn(10) ? prng.among(1, 7, 100) : 16_384;
    if (block.length > 4 * size) return this.#sendFrames(number, block, 16_384, flags);
    if (block.length > size) this.#world.happened("continuation");
    this.#sendFrames(number, block, size, flags);
  }

  #sendFrames(number: number, block: Uint8Array, size: number, flags: number): void {
    for (let at = 0; at === 0 || at < block.length; at += size) {
      const isLast = at + size >= block.length;
      const own = (at === 0 ? flags : 0) | (isLast ? END_HEADERS : 0);
      this.#send(
        frame(at === 0 ? TYPE.headers : TYPE.continuation, own, number, block.subarray(at, at + size)),
      );
    }
  }

  /** Sends of the bodies what the client's windows allow. */
  #pump(): void {
    for (const stream of this.#streams.values()) {
      if (!stream.responded || stream.ended) continue;
      while (stream.left.length > 0 && this.#piece(stream));
      if (stream.left.length > 0 || stream.ended) continue;
      if (stream.trailers) this.#sendHead(stream.number, [["x-sum", String(stream.id)]], END_STREAM);
      else this.#send(frame(TYPE.data, END_STREAM, stream.number, []));
      this.#ended(stream);
    }
  }

  /** Sends a piece of a body. Returns whether the windows allowed one. */
  #piece(stream: ServerStream): boolean {
    const { prng } = this.#server;
    const room = Math.min(this.#clientWindow, stream.sendWindow, this.#clientFrame, stream.left.length);
    const padded = room > 300 && prng.oneIn(20);
    const some = prng.oneIn(10) ? Math.min(room, 1 + prng.below(500)) : room;
    const size = padded ? room - 300 : some;
    if (size <= 0) return false;
    const piece = stream.left.subarray(0, size);
    stream.left = stream.left.subarray(size);
    const isLast = stream.left.length === 0 && !stream.trailers && !prng.oneIn(10);
    const bytes = padded ? [200, ...piece, ...new Uint8Array(200)] : piece;
    this.#clientWindow -= bytes.length;
    stream.sendWindow -= bytes.length;
    this.#send(frame(TYPE.data, (isLast ? END_STREAM : 0) | (padded ? PADDED : 0), stream.number, bytes));
    if (isLast) this.#ended(stream);
    return true;
  }

  #ended(stream: ServerStream): void {
    stream.ended = true;
    this.#isDone(stream);
  }

  #isDone(stream: ServerStream): void {
    if (stream.ended && stream.requestEnded) this.#forget(stream);
  }

  #forget(stream: ServerStream): void {
    this.#streams.delete(stream.number);
    if (this.#streams.size > 0 || this.#isOver) return;
    if (this.#lastTaken !== NEVER) this.#finLater();
    else this.#watchIdle();
  }

  #changeSettings(): void {
    const { prng, plan } = this.#server;
    this.#settle();
    this.#world.happened("settings changed");
    if (plan.changesHard) return this.#changeHard();
    if (prng.oneIn(2)) this.#settings([[3, prng.among(1, 2, 10, plan.maxStreams)]]);
    else this.#settings([[4, prng.among(100, 1000, 65_535, plan.initialWindow)]]);
  }

  /** Several at once, each of which may hurt. */
  #changeHard(): void {
    const { prng, plan, world } = this.#server;
    const settings: [setting: number, value: number][] = [];
    if (prng.oneIn(2)) settings.push([1, prng.among(0, 64, 300, 4096, 60_000, 0)]);
    if (prng.oneIn(3)) settings.push([1, prng.among(0, 4096)]);
    if (prng.oneIn(2)) settings.push([3, prng.among(1, 1, 3, plan.maxStreams)]);
    if (prng.oneIn(3)) settings.push([4, prng.among(0, 1, 20_000, plan.initialWindow)]);
    if (prng.oneIn(3) && plan.maxFieldBytes < Infinity)
      settings.push([6, prng.among(1000, plan.maxFieldBytes)]);
    if (settings.some(([setting]) => setting === 1)) world.happened("table of another size");
    this.#settings(settings);
    const window = settings.findLast(([setting]) => setting === 4)?.[1];
    if (window === undefined || window > 1) return;
    // It would stay shut for good: a window is given back for what has come, and nothing comes.
    world.happened("no window at first");
    this.#later(prng.among(1, 20, 300), () => this.#settings([[4, plan.initialWindow]]));
  }

  #ping(): void {
    this.#settle();
    this.#send(frame(TYPE.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]));
    const by = this.#world.agenda.now + 2 * this.#world.latencyMs;
    this.#pingsDueBy.push(by);
    this.#later(2 * this.#world.latencyMs + 1, () => {
      const [first = Infinity] = this.#pingsDueBy;
      const { isPunctual, judges } = this.#world;
      judges.rules(
        "h2: PINGs are answered",
        isPunctual,
        isPunctual && first <= by,
        "the client did not answer a PING",
      );
    });
  }

  /** The server takes no more: a GOAWAY in one step or two. */
  leaves(): void {
    if (this.#isOver || this.#isDeaf || this.#lastTaken !== NEVER) return;
    this.#settle();
    this.#goneAt = Math.min(this.#goneAt, this.#world.agenda.now + this.#world.latencyMs);
    if (this.#server.plan.goawaySteps === 1) {
      this.#lastGoaway();
      return this.#flush();
    }
    this.#world.happened("goaway in two steps");
    this.#send(frame(TYPE.goaway, 0, 0, [...four(NEVER), ...four(CODES.noError)]));
    this.#flush();
    this.#later(2 * this.#world.latencyMs + 1, () => this.#lastGoaway());
  }

  #lastGoaway(code: number = CODES.noError): void {
    if (this.#lastTaken !== NEVER) return;
    this.#settle();
    this.#world.happened("goaway");
    this.#lastTaken = this.#lastStream;
    this.#goneAt = Math.min(this.#goneAt, this.#world.agenda.now + this.#world.latencyMs);
    this.#send(frame(TYPE.goaway, 0, 0, [...four(this.#lastTaken), ...four(code)]));
    if (this.#streams.size === 0) this.#finLater();
  }

  /** Ends unless something has come by then. */
  endsUnused(how: UnusedEnd, afterMs: number): void {
    this.#later(afterMs, () => {
      if (this.#isHeard) return;
      this.#world.happened("ended while code was loaded");
      this.#world.happened(`ended while code was loaded: ${how}`);
      if (how === "goaway") return this.#lastGoaway();
      if (how === "calm") return this.#lastGoaway(CODES.calm);
      if (how !== "silently") return this.#leave(how);
      this.#stop();
      if (this.#passes()) this.#peer.end();
    });
  }

  #finLater(): void {
    this.#finTimer ??= this.#later(this.#server.plan.finAfterMs, () => this.#leave("fin"));
  }

  #watchIdle(): void {
    this.#idleTimer?.cancel();
    const { idleMs } = this.#server.plan;
    if (idleMs === Infinity) return;
    this.#idleTimer = this.#later(idleMs, () => {
      if (this.#streams.size > 0) return;
      this.#world.happened("idle limit");
      this.#lastGoaway();
    });
  }

  #disturb(stream: ServerStream): void {
    const { prng, plan, world } = this.#server;
    if (prng.next() >= plan.faultRate) return;
    const fault = prng.among(...FAULTS);
    world.happened(fault);
    const all = (why: string): void => {
      for (const { id } of this.#streams.values()) world.excuses(id, why);
    };
    switch (fault) {
      case "reset":
        world.excuses(stream.id, "reset");
        if (prng.oneIn(2) && this.#isLastHop(stream)) world.executes(stream.id, stream.method);
        return this.#resets(stream, prng.among(CODES.internal, CODES.cancel));
      case "refuse":
        if (stream.hinted) world.disowns(stream.id);
        else world.spares(stream.id, stream.hop);
        return this.#resets(stream, CODES.refused);
      case "fin":
      case "rst":
        all(fault);
        return this.#leave(fault);
      case "vanish":
        all(fault);
        this.#isDeaf = true;
        return;
      case "never answers":
        world.excuses(stream.id, fault);
        stream.responded = true;
        stream.left = new Uint8Array(0);
        stream.ended = true;
        if (stream.requestEnded && this.#isLastHop(stream)) world.executes(stream.id, stream.method);
        stream.requestEnded = false;
        return;
      case "early response":
        if (stream.requestEnded || !this.#isLastHop(stream)) return;
        world.executes(stream.id, stream.method);
        return this.#soon(0, () => {
          this.#respond(stream);
          if (!prng.oneIn(2) || !this.#streams.has(stream.number)) return;
          if (stream.ended) this.#resets(stream, CODES.noError);
        });
      case "goaway with an error":
      case "calm":
      case "goaway in the middle":
        if (fault !== "goaway in the middle") all(fault);
        return this.#lastGoaway(GOAWAY_CODES[fault]);
      case "malformed":
        world.excuses(stream.id, fault);
        stream.responded = true;
        if (stream.requestEnded && this.#isLastHop(stream)) world.executes(stream.id, stream.method);
        this.#malformed = true;
        return this.#sendHead(
          stream.number,
          [
            [":status", "200"],
            ["Upper-Case", "x"],
          ],
          END_STREAM,
        );
      case "frame of no stream":
        all(fault);
        this.#settle();
        this.#malformed = true;
        this.#isDeaf = true;
        this.#send(frame(TYPE.data, 0, this.#lastStream + 1001, [1]));
        return this.#flush();
    }
  }

  #isLastHop({ id, hop }: ServerStream): boolean {
    return this.#world.redirect(id, hop) === undefined;
  }

  #resets(stream: ServerStream, code: number): void {
    this.#send(frame(TYPE.rst, 0, stream.number, four(code)));
    this.#forget(stream);
  }

  #leave(how: "fin" | "rst"): void {
    if (this.#isOver) return;
    this.#settle();
    this.#flush();
    this.#stop();
    if (!this.#passes()) return;
    if (how === "fin") this.#peer.end();
    else this.#peer.reset();
  }

  /** Everything of one moment goes out together. */
  #send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#world.trace?.(
      `${this.#peer.id} < ${bytes[3]} ${bytes[4]} #${uint32(bytes, 5)} ${bytes.length - 9}`,
    );
    this.#out.push(bytes);
  }

  #flush(): void {
    if (this.#out.length === 0 || !this.#isSettled) return;
    const out = joined(this.#out);
    this.#out = [];
    this.#world.trace?.(`${this.#peer.id} < ${out.length}`);
    if (this.#passes()) this.#peer.send(out);
  }

  /** Now, or later. */
  #soon(ms: number, act: () => void): void {
    if (ms === 0) act();
    else this.#later(ms, act);
  }

  #later(ms: number, act: () => void): Appointment {
    return this.#world.agenda.schedule(LANE.server, ms, () => {
      if (this.#isOver || this.#isDeaf) return;
      act();
      this.#pump();
      this.#flush();
    });
  }

  #stop(): void {
    this.#isOver = true;
    this.#idleTimer?.cancel();
    this.#server.connections.delete(this);
  }
}
