/**
 * Transport: everything that a runtime must provide, and the only part that differs between runtimes. A transport opens
 * sockets and moves bytes. It knows no HTTP, no pool, no rule and no timeout.
 *
 * The interface suits runtimes that push bytes (Node, Bun) and runtimes that must be read from (Deno, Workers): a socket
 * passes bytes to one {@linkcode SocketHandler}, without a promise or a copy per chunk.
 */

import type { StoppingClock } from "./clock.ts";

/** Probes that the kernel sends on a silent connection (`SO_KEEPALIVE`). Unrelated to HTTP keep-alive. */
export interface TcpKeepAlive {
  /** Silence before the first probe, in ms (`TCP_KEEPIDLE`). `undefined`: the transport's default. */
  readonly idleMs?: number | undefined;
  /** Time between probes, in ms (`TCP_KEEPINTVL`). `undefined`: the transport's default. */
  readonly intervalMs?: number | undefined;
  /** Unanswered probes after which the kernel gives up (`TCP_KEEPCNT`). `undefined`: the transport's default. */
  readonly probes?: number | undefined;
}

/** A TLS session that may be resumed, and what is known of the peer that gave it. */
export interface TlsSession {
  /** The session as the runtime writes it. */
  readonly bytes: Uint8Array;
  /** The name that was verified. The session is offered to no other. */
  readonly serverName: string;
  /** See {@linkcode TlsFacts.subject}. A resumed handshake shows no certificate. */
  readonly subject: TlsFacts["subject"];
}

/**
 * The TLS sessions that may be resumed with one peer under one set of TLS options (RFC 8446 §2.2). A resumed handshake needs
 * no certificate, so a session must never be offered under another name or other options (CVE-2026-48934).
 */
export interface TlsSessions {
  /** The session to offer in the handshake that begins, if there is one. */
  take(): TlsSession | undefined;
  /** Keeps a session of a connection whose peer is verified. `often`: it may be offered more than once (TLS 1.2). */
  keep(session: TlsSession, often: boolean): void;
  /** A handshake failed, perhaps because of the session that it offered. */
  clear(): void;
}

/** What a TLS handshake agreed on. */
export interface TlsFacts {
  /** `"TLSv1.3"`, `"TLSv1.2"` … */
  readonly protocol: string | undefined;
  /** IANA's name: `"TLS_AES_128_GCM_SHA256"`. */
  readonly cipher: string | undefined;
  /** Whether an earlier session was resumed, without certificates and signatures. */
  readonly resumed: boolean;
  /** Subject of the peer's certificate, by attribute: `{ CN: "api.example.com", O: "Example" }`. */
  readonly subject: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** A version of TLS, as Node writes it. */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** The members of {@linkcode TlsTarget} that some runtimes cannot honour. */
export type TlsFeature = "minVersion" | "maxVersion" | "ciphers" | "passphrase" | "pfx";

/** How to speak TLS to the peer. Strings contain PEM. */
export interface TlsTarget {
  /** Name sent as SNI and checked against the certificate. */
  readonly serverName: string;
  /** Trusted root certificates. `undefined`: the runtime's own. */
  readonly ca?: readonly string[] | undefined;
  /** Client certificate chain, if any. */
  readonly cert?: string | undefined;
  /** Key of the client certificate. */
  readonly key?: string | undefined;
  /** Client certificate chain and key as PKCS #12, instead of the two above. */
  readonly pfx?: Uint8Array | undefined;
  /** Decrypts `key` or `pfx`. */
  readonly passphrase?: string | undefined;
  /** Lowest version to speak. `undefined`: the runtime's own. */
  readonly minVersion?: TlsVersion | undefined;
  /** Highest version to speak. `undefined`: the runtime's own. */
  readonly maxVersion?: TlsVersion | undefined;
  /** Ciphers to offer, as OpenSSL writes them. */
  readonly ciphers?: string | undefined;
  /** `false` accepts any certificate. */
  readonly verify: boolean;
  /** Protocols to offer by ALPN (RFC 7301), in order of preference. */
  readonly alpn: readonly string[];
  /** The sessions to resume. They belong to this target alone. `undefined`: each handshake is a full one. */
  readonly sessions?: TlsSessions | undefined;
}

/** Where to connect, and with which socket options. */
export interface Target {
  /** Name or address, without brackets around IPv6. */
  readonly hostname: string;
  /** Port to connect to. */
  readonly port: number;
  /** The address to connect to, one of those of `hostname`. `undefined`: the transport resolves `hostname`. */
  readonly address?: string | undefined;
  /** A Unix socket to connect to instead of `hostname` and `port`. */
  readonly unixPath?: string | undefined;
  /** `undefined`: no TLS. */
  readonly tls?: TlsTarget | undefined;
  /** `false`: off. */
  readonly tcpKeepAlive: TcpKeepAlive | false;
  /** Whether small writes are sent at once (`TCP_NODELAY`). */
  readonly noDelay: boolean;
  /** Whether {@linkcode Socket.halfOpen} may be called later. @default false */
  readonly halfOpen?: boolean | undefined;
}

/** The socket options that were really applied. The pool compares them with those in the {@linkcode Target}. */
export interface AppliedOptions {
  /** `false`: `SO_KEEPALIVE` is off. A number is the value in force. `undefined`: the kernel's default is in force. */
  readonly tcpKeepAlive: TcpKeepAlive | false;
  /** `TCP_NODELAY`. */
  readonly noDelay: boolean;
}

/** What a runtime can do. The pool reports options that the runtime cannot honour. */
export interface Capabilities {
  /** Who may use an open socket: any request in the process, or only the request that opened it (Workers). */
  readonly reuse: "process" | "request";
  /** How much of {@linkcode TcpKeepAlive} reaches the kernel. */
  readonly tcpKeepAlive: "none" | "toggle" | "idle" | "full";
  /** Whether `noDelay` can be both `true` and `false`. */
  readonly noDelay: boolean;
  /** Whether {@linkcode Target.unixPath} works. */
  readonly unix: boolean;
  /** Whether {@linkcode Socket.startTls} works. */
  readonly startTls: boolean;
  /** Whether {@linkcode Socket.startTls} works on a socket that uses TLS already. @default false */
  readonly tlsInTls?: boolean | undefined;
  /** Whether {@linkcode TlsTarget.alpn} is offered to the peer. */
  readonly alpn: boolean;
  /** Which of these members of {@linkcode TlsTarget} are honoured. @default all */
  readonly tlsOptions?: readonly TlsFeature[] | undefined;
  /** Whether {@linkcode TlsTarget.sessions} are resumed, and {@linkcode Socket.tls} is told. @default false */
  readonly tlsSessions?: boolean | undefined;
  /** Whether {@linkcode TlsTarget.verify} can be `false`. */
  readonly verifyOff: boolean;
  /** Whether {@linkcode TlsTarget.ca} and {@linkcode TlsTarget.cert} are honoured (not on Workers). @default true */
  readonly ownTrust?: boolean | undefined;
}

/** Callbacks of a socket. They are called synchronously from the runtime's own callbacks and must not throw. */
export interface SocketHandler {
  /** TCP is connected and the TLS handshake follows. Not called without TLS: the promise of `connect` resolves then. */
  connected?(): void;
  /**
   * The first `length` bytes of `bytes` arrived. They are valid only during the call, because most transports reuse the
   * buffer.
   *
   * `more`: bytes that arrived at the same time may follow in another call, because the buffer was full or the bytes are
   * one of several TLS records. Microtasks may run before that call.
   */
  data(bytes: Uint8Array, length: number, more?: boolean): void;
  /**
   * The last write was dropped, because bytes arrived or the connection `ended` before it was sent. Called by transports
   * that defer writes, just before {@linkcode SocketHandler.data} or {@linkcode SocketHandler.closed}. The bytes cannot be
   * the response to a request that was not sent. The owner closes the socket.
   */
  writeDropped?(ended?: boolean, error?: TransportError): void;
  /** The kernel has accepted everything written. Called after {@linkcode Socket.write} returned `false`. */
  drain(): void;
  /** The peer has sent FIN, after {@linkcode Socket.halfOpen}. Bytes can still be written. */
  halfClosed?(): void;
  /**
   * The connection has ended; no other callback follows. `error` is `undefined` after an orderly end (FIN, and with TLS
   * also close_notify where the runtime reports it). The transport has closed its side. Not called after
   * {@linkcode Socket.close} or {@linkcode Socket.abort}.
   */
  closed(error: TransportError | undefined): void;
}

/** Addresses of an open socket, as far as the runtime reports them. */
export interface SocketAddresses {
  /** IP address of the peer, without brackets around IPv6. */
  readonly remoteAddress?: string | undefined;
  /** Port of the peer. */
  readonly remotePort?: number | undefined;
  /** IP address of this side. */
  readonly localAddress?: string | undefined;
  /** Port of this side. */
  readonly localPort?: number | undefined;
}

/** One open connection, TLS included. It moves bytes in order and knows no HTTP, no pool and no timers. */
export interface Socket extends SocketAddresses {
  /** The socket options in force. */
  readonly applied: AppliedOptions;
  /** The socket of `node:net` behind it, if there is one. For reading what it alone knows, such as the certificates of the peer. */
  readonly native?: object | undefined;
  /** Protocol chosen by ALPN, or `undefined`. */
  readonly alpn?: string | undefined;
  /** Set with TLS, where the runtime tells (not on Deno). */
  readonly tls?: TlsFacts | undefined;
  /**
   * Whether the connection is known to have ended although {@linkcode SocketHandler.closed} was not called yet, so that
   * a write would be lost. Read before each request. `undefined` if the transport cannot tell.
   */
  readonly lost?: boolean | undefined;
  /**
   * Whether the kernel has accepted everything that was written. Read when the socket is closed, and by protocols that collect their
   * output in large buffers. `undefined` if the transport cannot tell.
   */
  readonly allWritten?: boolean | undefined;
  /**
   * Calls back once everything that arrived by the last poll was delivered. Missing where one delivery brings all of it. Node
   * delivers each TLS record separately: without it there would be a write for each.
   */
  readonly afterReads?: ((callback: () => void) => void) | undefined;
  /**
   * `length` bytes were delivered, and much more is known to come. If it comes fast, the socket may rest for a moment before it
   * reads on, so that more arrives at a time. Missing where that does not pay.
   */
  readonly gather?: ((length: number) => void) | undefined;
  /**
   * Sends `head`, then `body`, then `tail`, which comes with a `body` only, in one system call where the runtime allows it. A string
   * has one byte per character (latin1). With `more`, chunks of a body follow at once if they are at hand, and may be sent in the same
   * call.
   *
   * Returns `true` if the caller may use its buffers again, and write more: the kernel has accepted everything, or what it has not was
   * copied. Returns `false` if neither is so; {@linkcode SocketHandler.drain} follows then. Never throws: a failed write is reported
   * by {@linkcode SocketHandler.closed}.
   */
  write(head: string | Uint8Array, body?: Uint8Array, tail?: string, more?: boolean): boolean;
  /** Stops reading, which applies backpressure to the peer. A paused socket may not notice a FIN. */
  pause(): void;
  /** Reads on. Bytes that arrived meanwhile are delivered later, never within this call. */
  resume(): void;
  /**
   * Whether the open socket keeps the process alive, like `ref()` and `unref()` of Node's sockets. A new socket does.
   *
   * `idle` is given when the socket becomes idle (`true`) or active (`false`): nothing is expected on an idle socket,
   * perhaps for long, so a transport may shrink its read buffer.
   */
  ref(active: boolean, idle?: boolean): void;
  /** Replaces the handler. A tunnel passes its socket to the connection made through it in this way. */
  setHandler(handler: SocketHandler): void;
  /**
   * The two directions end one by one from now on: the peer's FIN calls {@linkcode SocketHandler.halfClosed}, and
   * {@linkcode SocketHandler.closed} follows when both have ended. Requires {@linkcode Target.halfOpen}. `undefined` if the
   * transport cannot do that.
   */
  halfOpen?: (() => void) | undefined;
  /**
   * Sends everything written, then FIN, and reads on. Called after {@linkcode Socket.halfOpen}. May be called twice, but nothing may
   * be written afterwards. Never throws.
   */
  endWrites?: (() => void) | undefined;
  /** Sends everything written, then FIN, even if the peer's FIN comes meanwhile. May be called twice; never throws. */
  close(): void;
  /** Drops the connection immediately, with RST where the runtime allows it. May be called twice; never throws. */
  abort(): void;
  /**
   * Starts TLS on this socket. Resolves with the socket to use instead, with the same handler, once the peer is verified.
   * No byte may be outstanding (as after the response to CONNECT), and the socket must have been paused in the last call
   * of `data`, because Deno cannot cancel a read.
   *
   * @throws {TransportError} of kind `"tls"` or `"unsupported"`.
   */
  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket>;
}

/** Converts bytes to text in the runtime's fastest way. All positions are byte offsets. */
export interface TextCodec {
  /** One character per byte. */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /** Decodes UTF-8. Malformed sequences become U+FFFD; a byte order mark is kept. */
  utf8(bytes: Uint8Array, start: number, end: number): string;
}

/** Allocates `length` bytes in an `ArrayBuffer` of exactly that size. */
export type Alloc = (length: number) => Uint8Array<ArrayBuffer>;

/** Two ends of a transformation. The standard's `ReadableWritablePair` is not among the types of Node and Bun. */
export interface ByteTransform {
  /** What comes out. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes in. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Decodes one content coding, in ways that the portable `DecompressionStream` lacks. */
export interface ContentDecoder {
  /**
   * Decodes a whole body at once, where the runtime can. Returns `undefined` if the result would be longer than `limit`
   * bytes, without decoding much more than that. Throws on malformed input.
   */
  readonly whole?: ((bytes: Uint8Array, limit: number) => Uint8Array | undefined) | undefined;
  /** Decodes a body as it arrives, only as much as is read, in chunks, with turns of the event loop in between. */
  stream(): ByteTransform;
}

/** A channel of `node:diagnostics_channel`. */
export interface DiagnosticsChannel {
  /** Whether anybody listens. Messages are built only then. */
  readonly hasSubscribers: boolean;
  /** Passes a message to all that listen. */
  publish(message: unknown): void;
}

/** Opens sockets on one runtime. */
export interface Transport {
  /** `"node"`, `"deno"`, `"bun"`, `"memory"` … */
  readonly name: string;
  /** What the runtime can do. */
  readonly can: Capabilities;
  /**
   * Opens a socket. With {@linkcode Target.tls} it resolves after the handshake, with a verified peer. If it rejects, it
   * leaves nothing open.
   *
   * @throws {TransportError} if the peer cannot be reached or trusted, or the runtime lacks what the target asks for.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket>;
  /**
   * Resolves a hostname to its addresses, the preferred one first. Resolves with `undefined` if only `connect` itself may
   * do that (Deno with restricted permissions).
   *
   * @throws {TransportError} of kind `"dns"`.
   */
  readonly resolve?: ((hostname: string) => Promise<readonly string[] | undefined>) | undefined;
  /**
   * Calls back after one turn of the event loop, in which every socket was polled, if the transport can tell sooner than
   * `Clock.turn` of the system clock. Returns whether it will call back. Keeps the process alive until then.
   */
  readonly turn?: ((callback: () => void) => boolean) | undefined;
  /**
   * Whether the runtime's clock stands still during computation and moves only with I/O, as on Cloudflare Workers. It cannot
   * tell then whether the event loop was blocked: see {@linkcode Clock.stops}.
   *
   * @default false
   */
  readonly stoppingClock?: StoppingClock | undefined;
  /** The addresses that the machine has now. Called rarely: a connection from another address is dead. */
  readonly localAddresses?: (() => Iterable<string>) | undefined;
  /** Reads an environment variable; `undefined` if it is not set. */
  readonly env?: ((name: string) => string | undefined) | undefined;
  /**
   * Gives a function that writes a line to where the program's errors go, if the environment asks for it (`HOLDFAST_DEBUG=1`), and
   * may be read without asking the user. Asked once per pool.
   *
   * @default nothing is written
   */
  readonly debug?: (() => ((line: string) => void) | undefined) | undefined;
  /** Converts bytes to text. @default portable code */
  readonly text?: TextCodec | undefined;
  /**
   * Allocates memory that is not zeroed, where the runtime can. The caller must overwrite all of it before anyone else
   * sees it.
   *
   * @default zeroed memory
   */
  readonly alloc?: Alloc | undefined;
  /**
   * Whether servers and other consumers of a `Response` read its members, so that it may be built lazily. Deno, Bun and
   * workerd read internal slots instead.
   *
   * @default false
   */
  readonly lazyResponse?: boolean | undefined;
  /** Whether bodies are byte streams, as those of the runtime's own fetch. @default true */
  readonly byteStreams?: boolean | undefined;
  /** Bytes up to which a body that has arrived costs less in the slots of a `Response` than as its stream. @default 4096 */
  readonly heldBytes?: number | undefined;
  /** Whether `new Response` is faster with a `Headers` object than with a list of fields. @default false */
  readonly copiesHeaders?: boolean | undefined;
  /**
   * Reads a Blob of the runtime, within the call if its bytes are in memory. The caller may do with the result what it likes.
   *
   * @default `blob.arrayBuffer()`
   */
  readonly readBlob?: ReadBlob | undefined;
  /** The decoder of a content coding (`"gzip"`, `"deflate"`, `"br"`, `"zstd"`), or `undefined` if there is none. */
  readonly decoder?: ((coding: string) => ContentDecoder | undefined) | undefined;
  /** The diagnostics channel of that name. */
  readonly channel?: ((name: string) => DiagnosticsChannel) | undefined;
  /**
   * Captures the current async context (`AsyncLocalStorage`). Functions and streams that the caller passed in run in it
   * later, although other callbacks trigger them. Returns `undefined` if the runtime has no such context.
   */
  readonly context?: (() => RunInContext | undefined) | undefined;
}

/** See {@linkcode Transport.readBlob}. */
export type ReadBlob = (blob: Blob) => ArrayBuffer | Promise<ArrayBuffer>;

/** Runs a function in a captured async context. */
export type RunInContext = <T>(run: () => T) => T;

/** Why a socket failed; the same on every runtime. */
export type TransportErrorKind =
  /** The name did not resolve. */
  | "dns"
  /** Nothing listens at the address. */
  | "refused"
  /** No route, or the network is down. */
  | "unreachable"
  /** The kernel gave up waiting (`ETIMEDOUT`), for example after unanswered TCP keepalive probes. */
  | "timeout"
  /** RST, or a write to a connection that the peer closed. */
  | "reset"
  /** The TLS handshake, the certificate or the TLS protocol failed. */
  | "tls"
  /** The runtime cannot do what the target asks for. */
  | "unsupported"
  /** Anything else; see `cause`. */
  | "other";

/** The only error class of transports. The runtime's own error is its `cause`. */
export class TransportError extends Error {
  /** What errors of transports are told by, in any copy of the class. */
  override readonly name = "TransportError";
  /** Why it failed. */
  readonly kind: TransportErrorKind;
  /** The runtime's code (`"ECONNREFUSED"` …), or for TLS the kind of refusal (`"expired"`, `"untrusted"` …), if known. */
  readonly reason: string | undefined;

  /** `cause` is the runtime's own error, `reason` its code. */
  constructor(
    kind: TransportErrorKind,
    message: string,
    options: { cause?: unknown; reason?: string | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = options.reason;
  }

  /** `instanceof` checks the shape, because built-in transports have a class of their own (transports/transport-error.ts). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "TransportError" && "kind" in value;
  }
}
