/** Checked socket: the socket of a user's transport. Its shape is checked once, and an exception from it ends the connection. */

import {
  type AppliedOptions,
  type Socket,
  type SocketHandler,
  type TlsFacts,
  type TlsTarget,
  TransportError,
} from "../../contract/transport.ts";
import { returnFault } from "../../contract/user-functions.ts";

const METHODS = ["write", "pause", "resume", "ref", "setHandler", "close", "abort"] as const;

/** Checks what `transport.connect` resolved with. @throws {FunctionFault} when it is no socket. */
function requireSocket(socket: unknown): Socket {
  const fields = Object(socket) as Readonly<Record<string, unknown>>;
  const missing = METHODS.find((name) => typeof fields[name] !== "function");
  if (missing !== undefined)
    throw returnFault("transport.connect", `a socket that has a ${missing}()`, socket);
  if (typeof fields.applied !== "object" || fields.applied === null)
    throw returnFault("transport.connect", "a socket that says what was applied", socket);
  return socket as Socket;
}

/** Wraps what a user's transport resolved with, unless it is wrapped already. @throws {FunctionFault} when it is no socket. */
export function checkedSocket(socket: unknown, handler: SocketHandler): Socket {
  return socket instanceof CheckedSocket ? socket : new CheckedSocket(requireSocket(socket), handler);
}

/** Aborts a value that may not even be a socket. */
export function abortQuietly(socket: Socket): void {
  try {
    socket.abort();
  } catch {
    // There is nothing else to do with it.
  }
}

/** A socket whose methods never throw: an exception of the socket inside ends the connection. */
export class CheckedSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly tls: TlsFacts | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly #socket: Socket;
  #handler: SocketHandler;
  #ended = false;

  constructor(socket: Socket, handler: SocketHandler) {
    this.applied = socket.applied;
    this.alpn = socket.alpn;
    this.tls = socket.tls;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.localAddress = socket.localAddress;
    this.localPort = socket.localPort;
    this.#socket = socket;
    this.#handler = handler;
  }

  get native(): object | undefined {
    return this.#socket.native;
  }

  get lost(): boolean {
    return this.#socket.lost === true;
  }

  get allWritten(): boolean | undefined {
    return this.#socket.allWritten;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string, more?: boolean): boolean {
    // After a failure: the handler is about to be told that the socket is closed.
    if (this.#ended) return false;
    try {
      return this.#socket.write(head, body, tail, more);
    } catch (cause) {
      this.#fail("write", cause);
      return false;
    }
  }

  pause(): void {
    this.#try("pause", () => this.#socket.pause());
  }

  resume(): void {
    this.#try("resume", () => this.#socket.resume());
  }

  ref(keepsAlive: boolean, idle?: boolean): void {
    try {
      this.#socket.ref(keepsAlive, idle);
    } catch (cause) {
      this.#fail("ref", cause);
    }
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler;
    this.#try("setHandler", () => this.#socket.setHandler(handler));
  }

  get gather(): ((length: number) => void) | undefined {
    const socket = this.#socket;
    if (typeof socket.gather !== "function") return undefined;
    return (length) => this.#try("gather", () => socket.gather?.(length));
  }

  get afterReads(): ((callback: () => void) => void) | undefined {
    const socket = this.#socket;
    if (typeof socket.afterReads !== "function") return undefined;
    return (callback) => this.#try("afterReads", () => socket.afterReads?.(callback));
  }

  get halfOpen(): (() => void) | undefined {
    const socket = this.#socket;
    if (typeof socket.halfOpen !== "function" || typeof socket.endWrites !== "function") return undefined;
    return () => this.#try("halfOpen", () => socket.halfOpen?.());
  }

  endWrites(): void {
    this.#try("endWrites", () => this.#socket.endWrites?.());
  }

  close(): void {
    this.#try("close", () => this.#socket.close());
    this.#ended = true;
  }

  /** Where the socket inside cannot be aborted, it is closed: nobody else could do that. */
  abort(): void {
    this.#ended = true;
    try {
      this.#socket.abort();
    } catch {
      this.#try("close", () => this.#socket.close());
    }
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    return this.#socket.startTls(tls, signal);
  }

  #try(name: string, call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#fail(name, cause);
    }
  }

  /** Like a failed write, the failure reaches the handler later, and once. */
  #fail(name: string, cause: unknown): void {
    if (this.#ended) return;
    this.abort();
    const error = new TransportError("other", `the transport's ${name}() threw: ${String(cause)}`, { cause });
    queueMicrotask(() => this.#handler.closed(error));
  }
}
