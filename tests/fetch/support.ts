/** Support of the fetch tests: a pool whose server is a function, and one whose peer is scripted byte by byte. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  createPool,
  HoldfastError,
  type Pool,
  type PoolEvent,
  type PoolOptions,
  systemClock,
} from "../../mod.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import {
  type MemoryOptions,
  type MemoryPeer,
  type MemoryRequest,
  type MemoryResponse,
  type MemoryTransport,
  memoryTransport,
} from "../../transports/memory.ts";

/** A pool, its peer, and everything that happened. */
export interface Setup extends AsyncDisposable {
  readonly pool: Pool;
  readonly transport: MemoryTransport;
  /** Requests, in the order of their responses. */
  readonly requests: MemoryRequest[];
  readonly events: PoolEvent[];
}

/** What the transports of the runtimes have, and the memory transport does not: decoders, lazy responses. */
type Lent = Partial<
  Pick<Transport, "decoder" | "lazyResponse" | "byteStreams" | "copiesHeaders" | "heldBytes" | "readBlob">
>;

/** Whether this runtime's responses are lazy: its own slots are made on first use. */
export const IS_LAZY: boolean = !("Deno" in globalThis || "Bun" in globalThis);

const LENT: Lent = {
  decoder: zlibDecoder,
  lazyResponse: IS_LAZY,
  byteStreams: !("Bun" in globalThis),
  copiesHeaders: "Bun" in globalThis,
  heldBytes: "Bun" in globalThis ? 32_768 : undefined,
};

function setup(memory: MemoryOptions, requests: MemoryRequest[], options: PoolOptions, lent?: Lent): Setup {
  const transport = Object.assign(memoryTransport(memory), LENT, lent);
  const events: PoolEvent[] = [];
  const pool = createPool({ transport, onEvent: (event) => events.push(event), ...options });
  return { pool, transport, requests, events, [Symbol.asyncDispose]: () => closed(pool) };
}

/** Keeps the process alive: the pool's timers do not, and there are no sockets here that would. */
async function closed(pool: Pool): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  await pool.close({ timeout: 0 });
  clearInterval(alive);
}

/** A server that answers whole requests. */
export function serving(
  respond: (request: MemoryRequest) => MemoryResponse | Promise<MemoryResponse> = () => ({ body: "hello" }),
  options: PoolOptions = {},
  memory: MemoryOptions = {},
): Setup {
  const requests: MemoryRequest[] = [];
  const answer = (request: MemoryRequest) => {
    requests.push(request);
    return respond(request);
  };
  return setup({ respond: answer, ...memory }, requests, options);
}

/** A peer that is scripted byte by byte. */
export function scripted(
  accept: (peer: MemoryPeer) => void,
  options: PoolOptions = {},
  memory: MemoryOptions = {},
  lent?: Lent,
): Setup {
  return setup({ accept, ...memory }, [], options, lent);
}

/** A peer that answers each request with the next of `messages`. Each request must arrive in one piece. */
export function answering(...messages: string[]): Setup {
  return scripted(inTurn(messages));
}

/** The same as a script. */
export function inTurn(messages: readonly string[]): (peer: MemoryPeer) => void {
  const left = [...messages];
  return (peer) => peer.onData(() => peer.send(left.shift() ?? ""));
}

/**
 * Waits for everything that microtasks and turns of the event loop bring. That includes the liveness check of a connection
 * after the event loop was blocked, as it is on a busy machine.
 */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  await new Promise<void>((resolve) => systemClock.turn(resolve));
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`Expected a rejection, got ${String(value).slice(0, 80)}`);
}

/** The HoldfastError in the TypeError that `fetch` rejects with. */
export async function causeOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await failure(promise);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, HoldfastError);
  assertEquals(error.message, "fetch failed");
  return error.cause;
}

/** The reasons for which connections were retired, in order. */
export function retired(events: readonly PoolEvent[]): string[] {
  return events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : []));
}

/** A stream of the given pieces, and how many of them were read. */
export function pieces(...list: Uint8Array[]): { stream: ReadableStream<Uint8Array>; taken(): number } {
  let taken = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = list[taken];
        if (piece === undefined) return controller.close();
        taken += 1;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken: () => taken };
}

/** Each way to read a body, with its result as text. */
export const BODY_FORMS: Readonly<Record<string, (response: Response) => Promise<string>>> = {
  text: (response) => response.text(),
  json: async (response) => JSON.stringify(await response.json()),
  bytes: async (response) => new TextDecoder().decode(await response.bytes()),
  arrayBuffer: async (response) => new TextDecoder().decode(await response.arrayBuffer()),
  blob: async (response) => (await response.blob()).text(),
  body: (response) => new Response(response.body).text(),
};

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
