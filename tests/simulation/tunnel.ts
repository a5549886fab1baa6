/** Tunnel: what a caller does with a socket after an upgrade: it writes, compares what comes back, and ends the socket. */

import { HoldfastError } from "../../mod.ts";
import type { UpgradedSocket } from "../../src/exchange/upgraded-socket.ts";
import type { Happening, Tunnelled } from "./dimensions.ts";
import type { Finding, Judges } from "./judges.ts";
import { ascii, payload, payloadBytes } from "./payload.ts";

/** What a tunnel needs from its world. */
export interface TunnelWorld {
  /** Resolves when the pool was closed. */
  whenClosed(): Promise<void>;
  /** No server ends a tunnel before it should. */
  readonly isCalm: boolean;
  /** Callers use a buffer again as soon as it counts as taken. */
  readonly usesBuffersAgain: boolean;
  pause(ms: number, tie: number): Promise<void>;
  readonly judges: Judges;
  happened(what: Happening): void;
}

/** Uses the socket to its end. Returns what is wrong. */
export async function tunnel(
  world: TunnelWorld,
  id: number,
  { early, bytes, end, gapMs, outlives }: Tunnelled,
  socket: UpgradedSocket,
): Promise<Finding | undefined> {
  world.happened("upgraded");
  const expected = payload(id, early) + payload(id, bytes);
  if (outlives) await world.whenClosed();
  const writer = socket.writable.getWriter();
  const writing = write(world, id, bytes, gapMs, writer);
  const { text, error } = await read(socket, expected.length);
  const problem = world.judges.finds(
    "bytes of a tunnel belong to it",
    text !== "",
    !expected.startsWith(text),
    () => `got ${text.length} bytes through its tunnel that are not its own`,
  );
  if (problem !== undefined) return problem;
  if (outlives && text.length > early) world.happened("upgraded socket used after the pool was closed");
  if (early > 0 && text !== "") world.happened("bytes came behind the head of a 101");
  if (text.length < expected.length) {
    world.happened("upgraded socket lost");
    await socket.closed;
    await writing;
    return judgeLoss(world, error);
  }
  await writing;
  if (end === "close") await writer.close().catch(() => {});
  else if (end === "abort") socket.abort("enough");
  await socket.closed;
  world.happened(ENDED_BY[end]);
  return undefined;
}

const ENDED_BY = {
  close: "upgraded socket closed by the caller",
  abort: "upgraded socket dropped by the caller",
  peer: "upgraded socket ended by the server",
} as const satisfies Readonly<Record<Tunnelled["end"], Happening>>;

function judgeLoss({ isCalm, judges }: TunnelWorld, error: unknown): Finding | undefined {
  const isNamed =
    error === undefined || (error instanceof HoldfastError && error.code === "ERR_CONNECTION_LOST");
  return (
    judges.finds(
      "tunnels are lost with a cause",
      true,
      isCalm,
      "lost its tunnel, though every server kept to its limits",
    ) ??
    judges.finds(
      "tunnels are lost by a named error",
      true,
      !isNamed,
      () => `lost its tunnel with what is no HoldfastError: ${String(error)}`,
    )
  );
}

/** Writes in pieces. A loss shows to the reader, too. */
async function write(
  world: TunnelWorld,
  id: number,
  bytes: number,
  gapMs: number,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  const whole = payloadBytes(id, bytes);
  const size = Math.max(1, Math.ceil(bytes / 3));
  try {
    for (let at = 0; at < bytes; at += size) {
      const piece = whole.slice(at, at + size);
      await writer.write(piece);
      if (world.usesBuffersAgain) {
        world.happened("buffer used again in a tunnel");
        piece.fill(0);
      }
      if (gapMs > 0) await world.pause(gapMs, id);
    }
  } catch {
    // The tunnel is lost.
  }
}

/** Reads until so many bytes have come, or no more will. */
async function read(
  { readable }: UpgradedSocket,
  length: number,
): Promise<{ readonly text: string; readonly error: unknown }> {
  const reader = readable.getReader();
  let text = "";
  try {
    while (text.length < length) {
      const { done, value } = await reader.read();
      if (done) break;
      text += ascii(value);
    }
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  } finally {
    reader.releaseLock();
  }
}
