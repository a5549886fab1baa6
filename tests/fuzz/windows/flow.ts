/**
 * Flow: random uploads and downloads over one connection, with windows and settings that change in mid-flight, a socket that is
 * behind, readers that sleep, and both sides that cancel. In the end, all that was not cancelled has arrived, byte for byte.
 */

import { portableText } from "../../../src/contract/text.ts";
import type { Socket } from "../../../src/contract/transport.ts";
import type { ConnectionUser, WireConnection, WireStream } from "../../../src/contract/wire.ts";
import { clearedBytes } from "../../../src/exchange/body-buffer.ts";
import { Http2Wire } from "../../../src/http2/http2-wire.ts";
import { resolveOptions } from "../../../src/options/resolve.ts";
import type { Random } from "../../http1/generate.ts";
import { request, Told } from "../../http2/link.ts";
import { FlowServer, type FlowStream, pattern, patternAt } from "./flow-server.ts";

const MOST_STREAMS = 5;
const STEPS = 60;
/** Rounds in which all that is left must come to its end. */
const LAST_ROUNDS = 400;
const PLENTY = 2 ** 20;

/** One exchange of the client's. Streams have the numbers 1, 3, 5 … in the order of sending. */
class FlowExchange extends Told {
  readonly id: number;
  readonly isUpload: boolean;
  received = 0;
  ended = false;
  isPaused = false;
  /** All pieces were handed to the stream. */
  isSent = false;
  readonly total: number;
  problem: string | undefined = undefined;

  constructor(id: number, pieces: readonly number[]) {
    super();
    this.id = id;
    this.isUpload = pieces.length > 0;
    this.total = pieces.reduce((sum, size) => sum + size, 0);
    this.onLine = (line) => {
      if (/^(complete|fault|lost|unprocessed)/.test(line)) this.ended = true;
      if (line.startsWith("fault")) this.problem ??= line;
    };
    this.body = (bytes, start, end) => {
      for (let at = start; at < end; at++, this.received++) {
        if (bytes[at] !== patternAt(id, this.received)) this.problem ??= `byte ${this.received} of ${id}`;
      }
      if (this.ended) this.problem ??= `stream ${id} gets data after its end`;
    };
  }

  send(stream: WireStream, pieces: readonly number[], isKnown: boolean): void {
    this.stream = stream;
    const length = isKnown ? this.total : undefined;
    const body = this.isUpload ? { body: { length } as never } : {};
    stream.send(request({ method: this.isUpload ? "POST" : "GET", ...body }), false, undefined);
    if (!this.isUpload) {
      this.isSent = true;
      return;
    }
    const writer = stream.openBody(length);
    const left = [...pieces];
    let offset = 0;
    const next = (): void => {
      for (let size = left.shift(); size !== undefined && !this.ended; size = left.shift()) {
        const piece = pattern(this.id, offset, size);
        offset += size;
        writer.count(size);
        if (!writer.write(piece)) return;
      }
      if (this.ended) return;
      this.drained = () => {};
      writer.end();
      this.isSent = true;
    };
    this.drained = next;
    next();
  }

  leave(): void {
    this.ended = true;
    this.stream?.close(undefined);
  }
}

/** One connection with both its ends. */
class Flow {
  readonly #random: Random;
  readonly server: FlowServer;
  readonly exchanges: FlowExchange[] = [];
  readonly #wire: Http2Wire;
  readonly #connection: WireConnection;
  #ended: string | undefined = undefined;

  constructor(random: Random) {
    this.#random = random;
    const server = new FlowServer(random);
    this.server = server;
    const nothing = (): void => {};
    const socket: Socket = {
      applied: { tcpKeepAlive: false, noDelay: true },
      get allWritten() {
        return server.allWritten;
      },
      write: (bytes) => server.write(bytes as Uint8Array),
      ...{
        pause: nothing,
        resume: nothing,
        ref: nothing,
        setHandler: nothing,
        close: nothing,
        abort: nothing,
      },
      startTls: () => Promise.reject(new Error("No TLS here")),
    };
    const user: ConnectionUser | undefined = undefined;
    this.#connection = {
      ...{ socket, user, pause: nothing, ref: nothing, capacityChanged: nothing, retire: nothing },
      ended: (reason, error) => {
        this.#ended ??= `the connection ended: ${reason} ${error?.message}`;
      },
    };
    const options = { limits: resolveOptions().limits, maxStreams: 1000 };
    this.#wire = new Http2Wire(options, portableText, clearedBytes);
    this.#wire.start(this.#connection);
  }

  get problem(): string | undefined {
    return (
      this.server.problem ??
      this.#ended ??
      this.exchanges.find(({ problem }) => problem !== undefined)?.problem
    );
  }

  /** Bytes of the server's arrive, in one packet or two. */
  arrive(bytes: Uint8Array | readonly number[]): void {
    const packet = Uint8Array.from(bytes);
    const cut = this.#random.chance(0.3) ? this.#random.below(packet.length + 1) : packet.length;
    for (const part of [packet.subarray(0, cut), packet.subarray(cut)])
      if (part.length > 0) this.#connection.user?.data(part, part.length);
  }

  open(): void {
    const random = this.#random;
    const sizes = [1, 10, 1000, 16_384, 40_000, 150_000];
    const pieces = random.chance(0.7)
      ? [random.pick(sizes), ...random.times(4, () => random.pick(sizes))]
      : [];
    const exchange = new FlowExchange(2 * this.exchanges.length + 1, pieces);
    this.exchanges.push(exchange);
    exchange.send(this.#wire.open(this.#connection, exchange), pieces, random.chance(0.5));
  }

  kernel(): void {
    if (this.server.take()) this.#connection.user?.drain();
  }

  /** The server allows all, and answers what is complete. */
  generous(): void {
    const { server } = this;
    if (server.window < PLENTY) this.arrive(server.grant(undefined, PLENTY));
    for (const stream of server.streams.values()) {
      if (isOver(stream)) continue;
      if (!stream.ended && stream.window < PLENTY) this.arrive(server.grant(stream, PLENTY));
      if (!stream.ended) continue;
      if (!stream.hasHead) stream.left ||= 10;
      this.arrive(server.respond(stream, PLENTY));
    }
  }

  /** An open stream of the server's, if there is one. */
  some(): FlowStream | undefined {
    const open = [...this.server.streams.values()].filter((stream) => !isOver(stream));
    return open.length === 0 ? undefined : this.#random.pick(open);
  }
}

function isOver({ isReset, ended, hasHead, left }: FlowStream): boolean {
  return isReset || (ended && hasHead && left === 0);
}

type Step = (flow: Flow, random: Random) => void;

const STEP_KINDS: readonly Step[] = [
  (flow) => {
    if (flow.exchanges.filter(({ ended }) => !ended).length < MOST_STREAMS) flow.open();
  },
  (flow) => flow.kernel(),
  (flow) => flow.kernel(),
  (flow, random) => flow.arrive(flow.server.grant(undefined, 1 + random.below(80_000))),
  (flow, random) => {
    const stream = flow.some();
    if (stream !== undefined) flow.arrive(flow.server.grant(stream, 1 + random.below(40_000)));
  },
  (flow, random) =>
    flow.arrive(
      flow.server.change(random.pick([0, 1, 1000, 65_535, 100_000]), 16_384 + random.below(60_000)),
    ),
  (flow, random) => {
    const stream = flow.some();
    if (stream === undefined) return;
    if (!stream.hasHead) stream.left = random.pick([1, 1000, 40_000, 100_000, 1_300_000]);
    flow.arrive(flow.server.respond(stream, random.pick([0, 100, 20_000, 800_000, 800_000])));
  },
  (flow, random) => {
    const exchange = random.pick(flow.exchanges);
    if (exchange === undefined || exchange.ended) return;
    exchange.isPaused = !exchange.isPaused;
    if (exchange.isPaused) exchange.opened.pause();
    else exchange.opened.resume();
  },
  (flow, random) => {
    const exchange = random.pick(flow.exchanges);
    if (exchange !== undefined && !exchange.ended && random.chance(0.3)) exchange.leave();
  },
  (flow, random) => {
    const stream = flow.some();
    if (stream === undefined || random.chance(0.7)) return;
    flow.arrive(flow.server.refuse(stream, random.pick(["CANCEL", "NO_ERROR", "INTERNAL_ERROR"])));
  },
];

/** All that was asked for in the microtasks of this turn. */
async function turnEnds(): Promise<void> {
  for (let turn = 0; turn < 14; turn++) await Promise.resolve();
}

/** What goes wrong in the life of a connection, or `undefined`. */
export async function flowProblem(random: Random): Promise<string | undefined> {
  const flow = new Flow(random);
  flow.arrive(flow.server.change(65_535, 16_384));
  for (let step = 0; step < STEPS && flow.problem === undefined; step++) {
    random.pick(STEP_KINDS)(flow, random);
    if (random.chance(0.7)) await turnEnds();
  }
  await finish(flow);
  return flow.problem ?? flow.exchanges.map(unfinished).find((problem) => problem !== undefined);

  function unfinished(exchange: FlowExchange): string | undefined {
    const { id, ended, isUpload, total } = exchange;
    if (!ended) return `stream ${id} comes to no end`;
    const stream = flow.server.streams.get(id);
    if (!exchange.lines.some((line) => line.startsWith("complete"))) return undefined;
    if (exchange.received !== stream?.sent) return `${exchange.received} of ${stream?.sent} bytes on ${id}`;
    if (isUpload && !stream.isReset && stream.received !== total)
      return `the server has ${stream.received} of ${total} bytes of stream ${id}`;
    return undefined;
  }
}

/** Nobody holds anything back any more. */
async function finish(flow: Flow): Promise<void> {
  for (const exchange of flow.exchanges) if (exchange.isPaused && !exchange.ended) exchange.opened.resume();
  flow.arrive(flow.server.change(65_535, 16_384));
  for (let round = 0; round < LAST_ROUNDS && flow.problem === undefined; round++) {
    await turnEnds();
    flow.kernel();
    if (flow.exchanges.every(({ ended }) => ended)) break;
    flow.generous();
  }
  await turnEnds();
  flow.kernel();
}
