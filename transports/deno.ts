/**
 * Sockets on Deno 2.9 and later, by its own `Deno.connect` and `Deno.startTls`, without its Node layer, which
 * takes 10 ms to load and hides what its sockets can do.
 */

import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { denoText } from "./buffer.ts";
import { zlibDecoder } from "./decoders.ts";
import { type DenoConn, type DenoTcpConn, type DenoTlsConn, type DenoTlsOptions, deno } from "./deno-api.ts";
import { DenoLoopTurn } from "./deno-loop-turn.ts";
import { DenoReader } from "./deno-reader.ts";
import { DenoWriter } from "./deno-writer.ts";
import { transportErrorOf, unsupportedError } from "./error-mapping.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { asyncContext, diagnosticsChannel, systemAddresses } from "./runtime-services.ts";

/** One open socket: a reader and a writer around a connection. */
class DenoSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  private readonly conn: DenoConn;
  private readonly receiveQueue: ReceiveQueue;
  private readonly reader: DenoReader;
  private readonly writer: DenoWriter;
  /** Why a write failed: the read behind it ends like a FIN (Deno 2.9), yet it was an RST. */
  private writeError: unknown;

  constructor(conn: DenoConn, handler: SocketHandler, applied: AppliedOptions, alpn?: string) {
    const { remoteAddr, localAddr } = conn;
    this.conn = conn;
    this.applied = applied;
    this.alpn = alpn;
    this.remoteAddress = remoteAddr.hostname;
    this.remotePort = remoteAddr.port;
    this.localAddress = localAddr.hostname;
    this.localPort = localAddr.port;
    this.receiveQueue = new ReceiveQueue(handler);
    this.reader = new DenoReader(conn, this.receiveQueue, (error) => this.ended(error));
    this.writer = new DenoWriter(conn, this.receiveQueue, (error) => this.broken(error));
  }

  /** Begins to read. */
  open(): void {
    this.receiveQueue.open();
    // After whoever waits for the socket had a turn: they may want startTls(), which no read may precede.
    queueMicrotask(() => {
      if (!this.receiveQueue.isPaused) this.reader.start();
    });
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    return this.receiveQueue.isStopped || this.writer.write(head, body, tail);
  }

  pause(): void {
    this.receiveQueue.pause();
  }

  resume(): void {
    this.receiveQueue.resume();
    this.reader.start();
  }

  ref(held: boolean, idle?: boolean): void {
    if (idle !== undefined) this.reader.setIdle(idle);
    if (held) this.conn.ref();
    else this.conn.unref();
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    this.receiveQueue.stop();
    this.writer.finish(() => {
      // FIN first, and close_notify over TLS: close() alone sends none.
      const done = (): void => shut(this.conn);
      this.conn.closeWrite().then(done, done);
    });
  }

  abort(): void {
    this.receiveQueue.stop();
    this.writer.stop();
    shut(this.conn);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    if (this.reader.reading) {
      this.abort();
      const reason = "Deno cannot start TLS while a read is outstanding: pause() in the last call of data()";
      return Promise.reject(unsupportedError(reason));
    }
    this.receiveQueue.stop();
    const { conn, applied, receiveQueue } = this;
    const secure = async () => socketOf(await secured(conn, tls, signal), receiveQueue.handler, applied);
    return openAfterSettling(secure());
  }

  private ended(error: unknown): void {
    this.writer.stop();
    shut(this.conn);
    const cause = error ?? this.writeError;
    this.receiveQueue.end(cause === undefined ? undefined : transportErrorOf(cause, "open"));
  }

  /** After a reset a read tells the end, behind what had come: the outstanding one, or that of an owner who resumes. */
  private broken(error: unknown): void {
    this.writeError = error;
    const waits =
      transportErrorOf(error, "open").kind === "reset" && (this.reader.reading || this.receiveQueue.isPaused);
    if (!waits) this.ended(undefined);
  }
}

/** A TLS connection whose peer is verified, and what ALPN chose. */
interface Secured {
  readonly conn: DenoConn;
  readonly alpn: string | undefined;
}

function socketOf({ conn, alpn }: Secured, handler: SocketHandler, applied: AppliedOptions): DenoSocket {
  return new DenoSocket(conn, handler, applied, alpn);
}

/** Opens a socket just after the promise for it is settled: not by `async`, which settles that a little later. */
function openAfterSettling(opening: Promise<DenoSocket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    opening.then((socket) => {
      resolve(socket);
      socket.open();
    }, reject);
  });
}

async function establish(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<DenoSocket> {
  signal.throwIfAborted();
  refuseUnsupported(target);
  const { tls } = target;
  if (tls?.cert !== undefined) {
    const secure = await securedWithCertificate(target, tls, signal);
    return socketOf(secure, handler, { tcpKeepAlive: false, noDelay: false });
  }
  const conn = await connectTcpOrUnix(target, signal);
  const applied = target.unixPath === undefined ? applyOptions(conn, target) : UNIX;
  if (tls !== undefined) handler.connected?.();
  const usable = tls === undefined ? { conn, alpn: undefined } : await secured(conn, tls, signal);
  return socketOf(usable, handler, applied);
}

/** Deno takes the chain of trust from nobody: only the check of the name could be turned off. */
function refuseUnsupported({ tls, hostname }: Target): void {
  if (tls === undefined) return;
  if (!tls.verify) throw unsupportedError("Deno cannot accept any certificate: tls.verify must be true");
  if (tls.cert !== undefined && tls.serverName !== hostname) {
    throw unsupportedError(
      "Deno cannot present a client certificate to another name than the one it connects to",
    );
  }
}

async function connectTcpOrUnix(target: Target, signal: AbortSignal): Promise<DenoConn> {
  const { hostname, address, port, unixPath } = target;
  try {
    return unixPath === undefined
      ? await deno().connect({ hostname: address ?? hostname, port, signal })
      : await deno().connect({ transport: "unix", path: unixPath });
  } catch (error) {
    signal.throwIfAborted();
    throw transportErrorOf(error, "connect");
  }
}

/** No Nagle and no probes on a Unix socket. */
const UNIX: AppliedOptions = { tcpKeepAlive: false, noDelay: true };

/** Before TLS: a TlsConn has no such methods, but keeps what was set (Deno 2.9). Times are the kernel's own. */
function applyOptions(conn: DenoConn, target: Target): AppliedOptions {
  const tcp = conn as DenoTcpConn;
  tcp.setNoDelay(target.noDelay);
  if (target.tcpKeepAlive === false) return { tcpKeepAlive: false, noDelay: target.noDelay };
  tcp.setKeepAlive(true);
  return { tcpKeepAlive: {}, noDelay: target.noDelay };
}

function tlsOptions(tls: TlsTarget): DenoTlsOptions {
  const options: DenoTlsOptions = { hostname: tls.serverName };
  if (tls.ca !== undefined) options.caCerts = [...tls.ca];
  if (tls.alpn.length > 0) options.alpnProtocols = [...tls.alpn];
  return options;
}

/** Speaks TLS on a connection, or closes it. */
async function secured(conn: DenoConn, tls: TlsTarget, signal: AbortSignal): Promise<Secured> {
  if (!tls.verify || tls.cert !== undefined) {
    shut(conn);
    throw unsupportedError("Deno's startTls can neither accept any certificate nor present one");
  }
  try {
    return await verified(await deno().startTls(conn, tlsOptions(tls)), signal);
  } catch (error) {
    shut(conn);
    signal.throwIfAborted();
    throw transportErrorOf(error, "tls");
  }
}

/**
 * Waits for the handshake, which is lazy: a refused certificate would show at the first write only.
 *
 * Who gives up on a peer that does not answer leaves a connection behind until that peer closes it: Deno 2.9
 * drops a TlsConn by a task that waits for the handshake first. It does not keep the process alive.
 */
async function verified(conn: DenoTlsConn, signal: AbortSignal): Promise<Secured> {
  const abort = (): void => shut(conn); // rejects the handshake
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    return { conn, alpn: (await conn.handshake()).alpnProtocol ?? undefined };
  } catch (error) {
    shut(conn);
    signal.throwIfAborted();
    throw transportErrorOf(error, "tls");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * The only way to present a certificate, as `startTls` silently drops it (Deno 2.9). It leaves Nagle on and
 * keepalive off without a means to change either, and knows no signal: who gives up leaves it to itself. It connects
 * to the name that it verifies, whatever the target's address.
 */
async function securedWithCertificate(target: Target, tls: TlsTarget, signal: AbortSignal): Promise<Secured> {
  const { cert = "", key = "" } = tls;
  const dialing = deno().connectTls({ ...tlsOptions(tls), port: target.port, cert, key });
  return verified(await unlessAborted(dialing, signal), signal);
}

/** Rejects when aborted; the connection is closed should it come about nevertheless. */
function unlessAborted(dialing: Promise<DenoTlsConn>, signal: AbortSignal): Promise<DenoTlsConn> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason);
      dialing.then(shut, () => {});
    };
    signal.addEventListener("abort", abort);
    dialing
      .then(resolve, (error) => reject(transportErrorOf(error, "connect")))
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Closes; a second time would throw BadResource. */
function shut(conn: DenoConn): void {
  try {
    conn.close();
  } catch {
    // it is closed
  }
}

/** `--allow-net=api.example` is for that name, not for its addresses (Deno 2.9): then Deno itself has to look it up. */
async function resolve(hostname: string): Promise<readonly string[] | undefined> {
  const { state } = deno().permissions.querySync({ name: "net" });
  return state === "granted" ? systemAddresses(hostname) : undefined;
}

/** Sockets by `Deno.connect`. */
export const denoTransport: Transport = {
  name: "deno",
  can: {
    reuse: "process",
    tcpKeepAlive: "toggle",
    noDelay: true,
    unix: true,
    startTls: true,
    alpn: true,
    verifyOff: false,
  },
  connect: (target, handler, signal) => openAfterSettling(establish(target, handler, signal)),
  resolve,
  turn: new DenoLoopTurn().turn,
  env: (name) => deno().env.get(name),
  text: denoText,
  decoder: zlibDecoder,
  channel: diagnosticsChannel,
  context: asyncContext,
};
