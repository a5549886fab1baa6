/**
 * Sockets on Bun 1.4 and later, by its own `Bun.connect`.
 *
 * A connect that is pending cannot be cancelled there, nor kept from holding the process: who gives up is told
 * at once, and the socket is dropped when it opens. The kernel ends the wait after two minutes.
 */

import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { asyncContext } from "./async-context.ts";
import { bufferText } from "./buffer-text.ts";
import type { BunApi, BunHandlers, BunRawSocket, BunTlsOptions } from "./bun-api.ts";
import { BunWriter } from "./bun-writer.ts";
import { zlibDecoder } from "./decoders.ts";
import { diagnosticsChannel } from "./diagnostics.ts";
import { systemAddresses } from "./dns.ts";
import { environment } from "./environment.ts";
import { ended, failure } from "./failure.ts";
import { Inbox } from "./inbox.ts";
import { kernelSeconds, LIBUV_PROBES } from "./keepalive.ts";
import { latin1Bytes } from "./latin1.ts";
import { unclearedBytes } from "./uncleared.ts";

type Raw = BunRawSocket<BunSocket>;

/** What waits for a socket to become usable. */
interface Opening {
  readonly tls: TlsTarget | undefined;
  /** Sets the socket options, as soon as there is a socket. */
  apply(raw: Raw): AppliedOptions;
  usable(socket: BunSocket): void;
  failed(error: unknown): void;
}

/** One socket, from its first attempt on: Bun hands it to the shared callbacks as `socket.data`. */
class BunSocket implements Socket {
  applied: AppliedOptions = { tcpKeepAlive: false, noDelay: true };
  alpn: string | undefined;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  localAddress: string | undefined;
  localPort: number | undefined;
  readonly inbox: Inbox;
  private raw: Raw | undefined;
  private writer: BunWriter | undefined;
  /** Until it is usable, or has failed. */
  private opening: Opening | undefined;
  constructor(handler: SocketHandler, opening: Opening) {
    this.inbox = new Inbox(handler);
    this.opening = opening;
  }

  // What Bun's callbacks tell.

  opened(raw: Raw): void {
    const { opening } = this;
    if (opening === undefined) return raw.terminate(); // given up meanwhile
    this.raw = raw;
    this.writer = new BunWriter(raw, this.inbox);
    this.applied = opening.apply(raw);
    // With TLS this is TCP's connect only; until the handshake is over, a write would take nothing.
    if (opening.tls === undefined) this.usable(raw);
    else this.inbox.handler.connected?.();
  }

  secured(raw: Raw, success: boolean, error: Error | null): void {
    const { opening } = this;
    if (opening === undefined) return;
    // `success` is false for a certificate that may be any (Bun 1.4): the error tells whether only that is wrong.
    const cause = success ? undefined : failure(error ?? ended("tls"), "tls");
    const verify = opening.tls?.verify ?? true;
    if (cause === undefined || (!verify && cause.reason !== "handshake")) this.usable(raw);
    else this.giveUp(cause);
  }

  gone(error: Error | undefined): void {
    if (this.opening !== undefined) {
      const phase = this.opening.tls === undefined ? "connect" : "tls";
      this.giveUp(error === undefined ? ended(phase) : failure(error, phase));
    } else if (error === undefined) {
      this.inbox.end(this.writer?.broken ? ended("open") : undefined);
    } else {
      this.inbox.end(failure(error, "open"));
    }
    this.writer?.stop();
  }

  /** Bytes arrived. */
  data(bytes: Uint8Array, length: number): void {
    this.writer?.came();
    this.inbox.data(bytes, length, length >= READ_SIZE);
  }

  /** The kernel has room again. */
  flush(): void {
    this.writer?.flush();
  }

  /** Leaves nothing open and tells whoever waits. */
  giveUp(reason: unknown): void {
    const { opening } = this;
    this.opening = undefined;
    this.inbox.stop();
    this.raw?.terminate();
    opening?.failed(reason);
  }

  private usable(raw: Raw): void {
    const { opening } = this;
    this.opening = undefined;
    this.alpn = raw.alpnProtocol || undefined;
    this.remoteAddress = raw.remoteAddress;
    this.remotePort = raw.remotePort;
    this.localAddress = raw.localAddress;
    this.localPort = raw.localPort;
    opening?.usable(this);
    this.inbox.open();
  }

  // What the owner asks for.

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    return this.inbox.done || (this.writer?.write(head, body, tail) ?? true);
  }

  pause(): void {
    this.inbox.pause();
    this.raw?.pause();
  }

  resume(): void {
    this.inbox.resume();
    this.raw?.resume();
  }

  ref(held: boolean): void {
    if (held) this.raw?.ref();
    else this.raw?.unref();
  }

  setHandler(handler: SocketHandler): void {
    this.inbox.handler = handler;
  }

  close(): void {
    this.inbox.stop();
    this.writer?.finish();
  }

  abort(): void {
    this.inbox.stop();
    this.writer?.stop();
    this.raw?.terminate();
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    const { raw, inbox, applied } = this;
    inbox.stop(); // this one still sees what arrives, encrypted
    return opening(
      inbox.handler,
      signal,
      tls,
      () => applied,
      (data) => {
        raw?.upgradeTLS({ data, tls: tlsOptions(tls), socket: HANDLERS });
      },
    );
  }
}

/** What Bun 1.4 reads at once; what did not fit follows before the next event. */
const READ_SIZE = 512 * 1024;

/** From this size on what arrived is freed by hand. */
const BULK = 16 * 1024;

/**
 * Frees what arrived, which nobody may use any more: Bun 1.4 makes a buffer for each read, and bulk data would fill new
 * memory, page by page, until the next garbage collection (1 MiB bodies: 380 µs each instead of 306).
 */
function free({ buffer, length }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength === length) buffer.transfer(0);
}

/** One set of callbacks for all sockets. */
const HANDLERS: BunHandlers<BunSocket> = {
  open: (raw) => raw.data.opened(raw),
  handshake: (raw, success, error) => raw.data.secured(raw, success, error),
  data(raw, bytes) {
    const { length } = bytes;
    raw.data.data(bytes, length);
    if (length >= BULK) free(bytes);
  },
  drain: (raw) => raw.data.flush(),
  end: (raw) => raw.data.gone(undefined),
  close: (raw, error) => raw.data.gone(error),
  error: (raw, error) => raw.data.gone(error),
  connectError() {}, // the promise of connect() tells the same
};

/** Settles once: with the socket when it is usable, else with the reason, leaving nothing open. */
function opening(
  handler: SocketHandler,
  signal: AbortSignal,
  tls: TlsTarget | undefined,
  apply: (raw: Raw) => AppliedOptions,
  begin: (data: BunSocket) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => socket.giveUp(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", abort);
    const socket = new BunSocket(handler, {
      tls,
      apply,
      usable(usable) {
        settled();
        resolve(usable);
      },
      failed(error) {
        settled();
        reject(error);
      },
    });
    signal.addEventListener("abort", abort);
    begin(socket);
  });
}

function connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
  const { tls, unixPath, hostname, address, port } = target;
  const where = unixPath === undefined ? { hostname: address ?? hostname, port } : { unix: unixPath };
  const apply = (raw: Raw): AppliedOptions => applyOptions(raw, target);
  return opening(handler, signal, tls, apply, (data) => {
    // Never `tls: {}` nor one that is undefined inside: Bun 1.4 would speak plain text.
    const options = { ...where, data, socket: HANDLERS, ...(tls && { tls: tlsOptions(tls) }) };
    bun()
      .connect(options)
      .catch((error) => data.giveUp(failure(error, "connect")));
  });
}

const bun = (): BunApi => (globalThis as unknown as { Bun: BunApi }).Bun;

function applyOptions(raw: Raw, target: Target): AppliedOptions {
  // No Nagle and no probes on a Unix socket.
  if (target.unixPath !== undefined) return { tcpKeepAlive: false, noDelay: true };
  const { tcpKeepAlive: asked, noDelay } = target;
  raw.setNoDelay(noDelay); // on unless told otherwise
  if (asked === false) return { tcpKeepAlive: false, noDelay };
  const idleMs = kernelSeconds(asked.idleMs);
  raw.setKeepAlive(true, idleMs ?? 0);
  return { tcpKeepAlive: idleMs === undefined ? {} : { idleMs, ...LIBUV_PROBES }, noDelay };
}

function tlsOptions(tls: TlsTarget): BunTlsOptions {
  const { serverName, verify: rejectUnauthorized, ca, cert, key, alpn } = tls;
  const options: BunTlsOptions = { serverName, rejectUnauthorized };
  if (ca !== undefined) options.ca = [...ca];
  if (cert !== undefined) options.cert = cert;
  if (key !== undefined) options.key = key;
  if (alpn.length > 0) options.ALPNProtocols = wireFormat(alpn);
  return options;
}

/** Each name after its length (RFC 7301 §3.1): Bun 1.4 silently ignores a plain string. */
function wireFormat(alpn: readonly string[]): Uint8Array {
  return latin1Bytes(alpn.map((name) => String.fromCharCode(name.length) + name).join(""));
}

/** Sockets by `Bun.connect`. */
export const bunTransport: Transport = {
  name: "bun",
  can: {
    reuse: "process",
    tcpKeepAlive: "idle",
    noDelay: true,
    unix: true,
    startTls: true,
    alpn: true,
    verifyOff: true,
  },
  connect,
  resolve: systemAddresses,
  env: environment,
  text: bufferText,
  alloc: unclearedBytes,
  copiesHeaders: true,
  decoder: zlibDecoder,
  channel: diagnosticsChannel,
  context: asyncContext,
};
