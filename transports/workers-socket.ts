/**
 * Sockets of Cloudflare's Workers, by a `connect` function that is passed in. Tests on other runtimes pass one of their own:
 * this file imports nothing of the platform.
 */

import type {
  AppliedOptions,
  Capabilities,
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { bufferText } from "./buffer.ts";
import { unsupportedError } from "./error-mapping.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { asyncContext, diagnosticsChannel } from "./runtime-services.ts";
import { TransportError } from "./transport-error.ts";
import type { WorkersConnect, WorkersSocket } from "./workers-api.ts";
import { WorkersReader } from "./workers-reader.ts";
import { WorkersWriter } from "./workers-writer.ts";

/** The platform sets neither, and does not tell what it uses. */
const APPLIED: AppliedOptions = { tcpKeepAlive: false, noDelay: true };

/** What was dialled: a name, or an address that the pool has chosen. */
interface Dialled {
  /** What the platform would verify in TLS. */
  readonly dialled: string;
  readonly address: string | undefined;
}

/** One open socket: its streams with a reader and a writer. */
class WorkersPoolSocket implements Socket {
  /** Known where an address was asked for: the platform repeats what it was asked, and not what answered. */
  readonly remoteAddress: string | undefined;
  readonly applied: AppliedOptions = APPLIED;
  readonly #socket: WorkersSocket;
  /** The name that the platform would verify in TLS. */
  readonly #dialled: string;
  readonly #receiveQueue: ReceiveQueue;
  readonly #reader: WorkersReader;
  readonly #writer: WorkersWriter;

  constructor(socket: WorkersSocket, { dialled, address }: Dialled, handler: SocketHandler) {
    this.#socket = socket;
    this.#dialled = dialled;
    this.remoteAddress = address;
    this.#receiveQueue = new ReceiveQueue(handler);
    this.#reader = new WorkersReader(socket.readable, this.#receiveQueue, (error) => this.#ended(error));
    this.#writer = new WorkersWriter(socket.writable, this.#receiveQueue);
  }

  /** Starts to deliver and to read. */
  open(): void {
    this.#receiveQueue.open();
    // In a microtask, after the code that awaits the socket: it may pause and call startTls(), which no read may precede.
    queueMicrotask(() => {
      if (!this.#receiveQueue.isPaused) this.#reader.start();
    });
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    return this.#receiveQueue.isStopped || this.#writer.write(head, body, tail);
  }

  get allWritten(): boolean {
    return this.#writer.isEmpty;
  }

  pause(): void {
    this.#receiveQueue.pause();
  }

  resume(): void {
    this.#receiveQueue.resume();
    this.#reader.start();
  }

  /** Nothing to do: a Worker ends with its request, an object by the platform's rules. */
  ref(): void {}

  setHandler(handler: SocketHandler): void {
    this.#receiveQueue.handler = handler;
  }

  close(): void {
    this.#receiveQueue.stop();
    this.#writer.finish(() => closeQuietly(this.#socket));
  }

  /** The platform has no RST for us. */
  abort(): void {
    this.#receiveQueue.stop();
    this.#writer.stop();
    closeQuietly(this.#socket);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    if (this.#reader.reading) {
      this.abort();
      const reason =
        "Workers cannot start TLS while a read is outstanding: pause() must be called in the last call of data()";
      return Promise.reject(unsupportedError(reason));
    }
    this.#receiveQueue.stop();
    this.#reader.release();
    this.#writer.release();
    const { handler } = this.#receiveQueue;
    const at: Dialled = { dialled: this.#dialled, address: this.remoteAddress };
    return openAfterSettling(secured(this.#socket, this.#dialled, tls, signal), at, handler);
  }

  #ended(error: unknown): void {
    this.#writer.stop();
    closeQuietly(this.#socket);
    this.#receiveQueue.end(error === undefined ? undefined : lostError(error));
  }
}

/** Opens the socket right after its promise was resolved. An `async` function would resolve it some microtasks later. */
function openAfterSettling(
  opening: Promise<WorkersSocket>,
  at: Dialled,
  handler: SocketHandler,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    opening.then((opened) => {
      const socket = new WorkersPoolSocket(opened, at, handler);
      resolve(socket);
      socket.open();
    }, reject);
  });
}

async function establish(
  connect: WorkersConnect,
  target: Target,
  signal: AbortSignal,
): Promise<WorkersSocket> {
  signal.throwIfAborted();
  const { port, tls, unixPath } = target;
  const { dialled } = dialledFor(target);
  if (unixPath !== undefined) throw unsupportedError("Workers have no Unix sockets");
  refuseUnsupported(tls);
  const direct = tls !== undefined && tls.serverName === dialled;
  const options = { secureTransport: direct ? "on" : "starttls", allowHalfOpen: false } as const;
  const socket = dial(connect, dialled, port, options);
  await whenOpen(socket, signal, (cause) => dialError(dialled, port, cause));
  // Under another name than the one that was dialled, TLS can only be started afterwards.
  return tls === undefined || direct ? socket : secured(socket, dialled, tls, signal);
}

function dialledFor({ hostname, address }: Target): Dialled {
  return { dialled: address ?? hostname, address };
}

/** `connect` throws for an address that it cannot read, and outside a request. */
function dial(
  connect: WorkersConnect,
  hostname: string,
  port: number,
  options: Parameters<WorkersConnect>[1],
): WorkersSocket {
  try {
    return connect({ hostname, port }, options);
  } catch (cause) {
    throw dialError(hostname, port, cause);
  }
}

/** The certificates that the platform trusts cannot be changed by code, and it shows none of its own. */
function refuseUnsupported(tls: TlsTarget | undefined): void {
  if (tls === undefined) return;
  if (!tls.verify)
    throw unsupportedError("Workers cannot skip the verification of certificates: tls.verify must be true");
  if (tls.ca !== undefined)
    throw unsupportedError(
      "Workers trust the platform's certificate authorities only: tls.ca must be left out",
    );
  if (tls.cert !== undefined || tls.pfx !== undefined)
    throw unsupportedError(
      "Workers present a client certificate in fetch() of an mtls_certificate binding only: tls.cert must be left out",
    );
}

/**
 * Starts TLS, or closes the socket. The platform verifies the name that was dialled. `expectedServerHostname` replaces it, which
 * tunnels need; it works, but is logged as unsupported, and is asked for only where the names differ (workerd 1.20261117).
 */
async function secured(
  socket: WorkersSocket,
  dialled: string,
  tls: TlsTarget,
  signal: AbortSignal,
): Promise<WorkersSocket> {
  try {
    refuseUnsupported(tls);
    const same = tls.serverName === dialled;
    const secure = socket.startTls(same ? undefined : { expectedServerHostname: tls.serverName });
    socket.closed.catch(() => {});
    await whenOpen(secure, signal, tlsError);
    return secure;
  } catch (error) {
    closeQuietly(socket);
    signal.throwIfAborted();
    throw error instanceof TransportError ? error : startTlsError(tls.serverName, error);
  }
}

/** Waits until the socket is open, or closes it: a dial has no signal. */
async function whenOpen(
  socket: WorkersSocket,
  signal: AbortSignal,
  toError: (cause: unknown) => TransportError,
): Promise<void> {
  socket.closed.catch(() => {}); // `opened` tells
  try {
    await unlessAborted(socket.opened, signal);
    signal.throwIfAborted();
  } catch (cause) {
    closeQuietly(socket);
    signal.throwIfAborted();
    throw toError(cause);
  }
}

/** Rejects as soon as the signal is aborted: `opened` of a closed socket may stay pending. */
function unlessAborted(opened: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort(); // its event was before
    opened.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function closeQuietly(socket: WorkersSocket): void {
  try {
    socket.close().catch(() => {});
  } catch {
    // closed already
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The platform says the same of a name, a port, a certificate and an address that it refuses, so the kind is "other". */
function dialError(hostname: string, port: number, cause: unknown): TransportError {
  const where = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  const message =
    `Workers could not connect to ${where}, and do not tell why (${textOf(cause)}): the name, the port, the certificate, ` +
    "or an address that they refuse (one of Cloudflare's or a private one, port 25); fetch() reaches sites behind Cloudflare";
  return new TransportError("other", message, { cause });
}

function tlsError(cause: unknown): TransportError {
  return new TransportError(
    "tls",
    `The TLS handshake failed, and Workers do not tell why (${textOf(cause)})`,
    {
      cause,
      reason: "handshake",
    },
  );
}

function startTlsError(name: string, cause: unknown): TransportError {
  const message = `Workers refuse to verify the name ${name} on a socket that was opened under another (${textOf(cause)})`;
  return new TransportError("unsupported", message, { cause });
}

/** An open socket ends with this error after an RST, and after everything else that is no FIN. */
function lostError(cause: unknown): TransportError {
  return new TransportError("reset", textOf(cause), { cause });
}

const CAN: Omit<Capabilities, "reuse"> = {
  tcpKeepAlive: "none",
  noDelay: false,
  unix: false,
  startTls: true,
  alpn: false,
  tlsOptions: [],
  ownTrust: false,
  verifyOff: false,
};

interface ProcessLike {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The transport over a `connect` function. */
export function workersTransportOver(connect: WorkersConnect, scope: "request" | "object"): Transport {
  const { Buffer } = globalThis as { readonly Buffer?: { readonly prototype: object } };
  const text = Buffer !== undefined && "latin1Slice" in Buffer.prototype ? bufferText : undefined;
  return {
    name: "workers",
    can: { ...CAN, reuse: scope === "object" ? "process" : "request" },
    connect: (target, handler, signal) =>
      openAfterSettling(establish(connect, target, signal), dialledFor(target), handler),
    stoppingClock: true,
    // A response with eight fields takes 20 µs less (workerd 1.20261117).
    copiesHeaders: true,
    env: (name) => (globalThis as { readonly process?: ProcessLike }).process?.env?.[name],
    text,
    channel: diagnosticsChannel,
    context: asyncContext,
  };
}
