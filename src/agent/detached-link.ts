/** Detached link: an agent socket whose connection is the caller's alone, after an upgrade or a CONNECT. The pool has no part in it. */

import type { Socket, SocketHandler, TransportError } from "../contract/transport.ts";
import { type AgentSocket, copied, type SocketLink } from "./agent-socket.ts";
import { nodeError } from "./node-errors.ts";

/** Passes bytes between an agent socket and a socket of the transport. */
export class DetachedLink implements SocketLink, SocketHandler {
  readonly connection = undefined;
  readonly #socket: Socket;
  readonly #face: AgentSocket;
  #isPaused: boolean;
  #isReadEnded = false;
  #whenDrained: (() => void) | undefined;

  /** `whenDrained`: what waits for the kernel already. */
  constructor(socket: Socket, face: AgentSocket, isPaused: boolean, whenDrained: (() => void) | undefined) {
    this.#socket = socket;
    this.#face = face;
    this.#isPaused = isPaused;
    this.#whenDrained = whenDrained;
    socket.setHandler(this);
    socket.halfOpen?.();
  }

  // The agent socket

  write(head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    if (this.#socket.write(head, body)) done();
    else this.#whenDrained = done;
  }

  readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  ended(): void {
    const socket = this.#socket;
    if (socket.halfOpen !== undefined && socket.endWrites !== undefined) return socket.endWrites();
    socket.close();
    this.halfClosed();
  }

  ref(awaited: boolean): void {
    this.#socket.ref(awaited);
  }

  freed(): void {}

  detached(): void {}

  destroyed(error: Error | null): void {
    if (error === null && this.#face.writableFinished) this.#socket.close();
    else this.#socket.abort();
  }

  // The transport

  data(bytes: Uint8Array, length: number): void {
    if (this.#face.receive(copied(bytes, length)) || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  drain(): void {
    const done = this.#whenDrained;
    this.#whenDrained = undefined;
    done?.();
  }

  halfClosed(): void {
    if (this.#isReadEnded) return;
    this.#isReadEnded = true;
    this.#face.push(null);
  }

  closed(error: TransportError | undefined): void {
    if (error === undefined) this.halfClosed();
    else this.#face.destroy(nodeError(error));
  }
}
