/**
 * Foreign socket: a socket of `node:net`, `node:tls`, or any stream of Node's in both directions, that somebody else has opened:
 * the program's `createConnection`.
 */

import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Socket, SocketHandler } from "../src/contract/transport.ts";
import { NodeSocket, opened } from "./node-socket.ts";
import { ReceiveQueue } from "./receive-queue.ts";

/** What of `net.Socket` a stream lacks, and is called here. Nothing that it can do would help. */
const MISSING: Readonly<Record<string, (this: Duplex) => unknown>> = {
  ref() {
    return this;
  },
  unref() {
    return this;
  },
  destroySoon() {
    this.once("finish", () => this.destroy());
    return this.end();
  },
  resetAndDestroy() {
    return this.destroy();
  },
};

/** Ends a socket that came too late. */
export function dropped(raw: Duplex): void {
  raw.on("error", () => {}).destroy();
}

/**
 * Takes over a socket. Resolves when it is usable: connected, and with TLS agreed on, if it is a TLS socket.
 *
 * @throws {TransportError} if it fails before.
 */
export function foreignSocket(raw: Duplex, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
  if (signal.aborted) dropped(raw);
  for (const [name, substitute] of Object.entries(MISSING))
    if (!(name in raw)) Object.defineProperty(raw, name, { value: substitute, configurable: true });
  const receiveQueue = new ReceiveQueue(handler);
  const socket = raw as NetSocket;
  const applied = { tcpKeepAlive: false, noDelay: true } as const;
  return opened({
    receiveQueue,
    signal,
    tls: undefined,
    open: () => socket.on("data", (chunk: Uint8Array) => receiveQueue.data(chunk, chunk.length, true)),
    socketOf: () => new NodeSocket(socket, receiveQueue, applied),
  });
}
