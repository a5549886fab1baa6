/**
 * Transport: all that a runtime must provide, and the only thing that differs between runtimes.
 * A transport opens sockets and moves bytes. It knows no HTTP, no pool, no rule and no timeout.
 *
 * The shape serves runtimes that push (Node, Bun) and runtimes that are read from (Deno, Workers) alike:
 * bytes are handed to one {@linkcode SocketHandler}, without a promise or a copy per chunk.
 */

/** Kernel probes on an otherwise silent connection (`SO_KEEPALIVE`). Unrelated to HTTP keep-alive. */
export interface TcpKeepAlive {
  /** Silence before the first probe, in ms (`TCP_KEEPIDLE`). `undefined`: the transport's own. */
  readonly idleMs?: number | undefined;
  /** Time between probes, in ms (`TCP_KEEPINTVL`). `undefined`: the transport's own. */
  readonly intervalMs?: number | undefined;
  /** Unanswered probes after which the kernel gives up (`TCP_KEEPCNT`). `undefined`: the transport's own. */
  readonly probes?: number | undefined;
}

/** How to speak TLS to the peer. Strings hold PEM. */
export interface TlsTarget {
  /** Name sent as SNI and checked against the certificate. */
  readonly serverName: string;
  /** Trusted roots instead of the runtime's own, or `undefined` for those. */
  readonly ca?: readonly string[] | undefined;
  /** Client certificate chain. */
  readonly cert?: string | undefined;
  /** Key of the client certificate. */
  readonly key?: string | undefined;
  /** `false` accepts any certificate. */
  readonly verify: boolean;
  /** Protocols to offer, in order of preference. */
  readonly alpn: readonly string[];
}

/** Where to connect, and with which socket options. */
export interface Target {
  /** Name or address; no brackets around IPv6. */
  readonly hostname: string;
  readonly port: number;
  /** One of the addresses of `hostname`, to connect to that one without asking for them again. */
  readonly address?: string | undefined;
  /** A Unix socket to connect to instead of `hostname` and `port`. */
  readonly unixPath?: string | undefined;
  readonly tls?: TlsTarget | undefined;
  readonly tcpKeepAlive: TcpKeepAlive | false;
  readonly noDelay: boolean;
}

/** What the socket options really became: the pool compares it with the {@linkcode Target}. */
export interface AppliedOptions {
  /**
   * `false`: `SO_KEEPALIVE` is off. A field that is `undefined` is the kernel's own; a number is what is in force.
   */
  readonly tcpKeepAlive: TcpKeepAlive | false;
  /** `TCP_NODELAY`. */
  readonly noDelay: boolean;
}

/** What a runtime can honour. The pool adapts to this and never pretends otherwise. */
export interface Capabilities {
  /** Where an open socket may be used: by any request, or only by the one that opened it (Workers). */
  readonly reuse: "process" | "request";
  /** How much of {@linkcode TcpKeepAlive} reaches the kernel. */
  readonly tcpKeepAlive: "none" | "toggle" | "idle" | "full";
  /** Whether `noDelay: false` and `true` can both be had. */
  readonly noDelay: boolean;
  /** Whether {@linkcode Target.unixPath} works. */
  readonly unix: boolean;
  /** Whether {@linkcode Socket.startTls} works. */
  readonly startTls: boolean;
  /** Whether it does so on a socket that speaks TLS already. @default false */
  readonly tlsInTls?: boolean | undefined;
  /** Whether {@linkcode TlsTarget.alpn} reaches the wire. */
  readonly alpn: boolean;
  /** Whether `verify: false` can be had. */
  readonly verifyOff: boolean;
}

/** What a socket tells its owner. Called synchronously from the runtime's own callback; must not throw. */
export interface SocketHandler {
  /** TCP is connected, and the TLS handshake comes next. Without TLS the promise of `connect` says it. */
  connected?(): void;
  /**
   * The first `length` bytes of `bytes` arrived. They are valid only during the call: most transports
   * read into a buffer they use again. `more`: what arrived with them may follow in another call, before which
   * microtasks run: the buffer was full, or they are one record of several.
   */
  data(bytes: Uint8Array, length: number, more?: boolean): void;
  /**
   * Bytes arrived that were there before what was written last, which a transport that holds writes back has therefore
   * dropped: nobody may take them for its answer. The owner closes the socket.
   */
  writeDropped?(): void;
  /** After {@linkcode Socket.write} answered `false`: everything written has been taken by the kernel. */
  drain(): void;
  /**
   * The connection is gone; nothing follows. `error` is `undefined` for an orderly end (FIN, and over TLS
   * its close_notify where the runtime tells), else what went wrong. The transport has closed its side.
   * Not called after {@linkcode Socket.close} or {@linkcode Socket.abort}.
   */
  closed(error: TransportError | undefined): void;
}

/** Addresses of an open socket, as far as the runtime tells. */
export interface SocketAddresses {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** One open connection, TLS included: bytes in order, no HTTP, no pooling, no timers. */
export interface Socket extends SocketAddresses {
  readonly applied: AppliedOptions;
  /** Protocol chosen by ALPN, or `undefined`. */
  readonly alpn?: string | undefined;
  /**
   * Whether it is known to be gone, though {@linkcode SocketHandler.closed} was not called yet: nothing that is written
   * now would leave. Asked before each request. `undefined` where nobody can tell.
   */
  readonly lost?: boolean | undefined;
  /**
   * Sends `head`, then `body`, then `tail`, in one system call where the runtime can. A string holds one byte per
   * character (latin1). The caller must not change `body` afterwards.
   *
   * Answers whether the kernel took it all: after `false`, {@linkcode SocketHandler.drain} follows. Never throws:
   * a failed write shows as {@linkcode SocketHandler.closed}.
   */
  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean;
  /** Stops reading, so that the peer feels backpressure. A paused socket may not notice a FIN. */
  pause(): void;
  resume(): void;
  /**
   * Whether this socket alone keeps the process alive. Sockets start held. `idle` is given as that changes: `true` where
   * nothing is expected on the socket, perhaps for long. Without it, a reader has come, or has not come yet.
   */
  ref(held: boolean, idle?: boolean): void;
  /** Replaces the handler: a tunnel hands its socket over to the connection made through it. */
  setHandler(handler: SocketHandler): void;
  /** Sends what was written, then FIN. Safe to call twice; never throws. */
  close(): void;
  /** Drops the connection now, with RST where the runtime can. Safe to call twice; never throws. */
  abort(): void;
  /**
   * Speaks TLS on this socket from now on, and resolves with the socket to use instead (same handler) once
   * the peer is verified. Only for a socket on which no byte is outstanding (after a CONNECT was answered), and
   * that was paused in the call of `data` that brought the last one: Deno cannot take back a read.
   *
   * @throws {TransportError} of kind `"tls"` or `"unsupported"`.
   */
  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket>;
}

/** Bytes to text by the runtime's fastest way. All positions are byte offsets. */
export interface TextCodec {
  /** One character per byte. */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /** UTF-8, with U+FFFD for what is malformed; a byte order mark is left in place. */
  utf8(bytes: Uint8Array, start: number, end: number): string;
}

/** Gives `length` bytes, in a buffer of their own. */
export type Alloc = (length: number) => Uint8Array<ArrayBuffer>;

/** Content codings beyond what the portable `DecompressionStream` has. */
export interface ContentDecoder {
  /**
   * A whole body at once, where the runtime can; `undefined` if it decodes to more than `limit` bytes, of which it must
   * not decode much more to find out. Throws on malformed input.
   */
  readonly whole?: ((bytes: Uint8Array, limit: number) => Uint8Array | undefined) | undefined;
  /** A body as it arrives. Decodes no more than is read, in chunks, and gives the loop a turn now and then. */
  stream(): ReadableWritablePair<Uint8Array, Uint8Array>;
}

/** A `node:diagnostics_channel` channel, where the runtime has them. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** Opens sockets on one runtime. */
export interface Transport {
  /** `"node"`, `"deno"`, `"bun"`, `"memory"` … */
  readonly name: string;
  readonly can: Capabilities;
  /**
   * Opens a socket; with {@linkcode Target.tls}, resolves after the handshake was verified.
   * Leaves nothing open when it rejects.
   *
   * @throws {TransportError} when the peer cannot be reached or trusted, or the target asks for what the runtime lacks.
   * @throws `signal.reason`, untouched, when aborted.
   */
  connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket>;
  /**
   * The addresses of a name, the preferred one first; `undefined` where only `connect` itself may look them up.
   *
   * @throws {TransportError} of kind `"dns"`.
   */
  readonly resolve?: ((hostname: string) => Promise<readonly string[] | undefined>) | undefined;
  /**
   * Calls back when the event loop has looked at every socket once, where that can be told sooner than by
   * `Clock.turn` of the runtime; answers whether it will. Keeps the process alive until then.
   */
  readonly turn?: ((callback: () => void) => boolean) | undefined;
  /** An environment variable, or `undefined` if it is not set. */
  readonly env?: ((name: string) => string | undefined) | undefined;
  readonly text?: TextCodec | undefined;
  /**
   * Bytes that may hold anything, where the runtime need not clear them first: whoever asks writes all of them before
   * anybody else sees one. @default cleared ones
   */
  readonly alloc?: Alloc | undefined;
  /**
   * Whether everything that passes a `Response` on, servers above all, reads its members, so that it need not be made
   * before somebody looks. Deno, Bun and workerd read internal slots instead. @default false
   */
  readonly lazyResponse?: boolean | undefined;
  /** Whether a `Response` copies a whole `Headers` faster than it takes the fields one by one. @default false */
  readonly copiesHeaders?: boolean | undefined;
  /** Decoder for a content coding (`"gzip"`, `"deflate"`, `"br"`, `"zstd"`), or `undefined` where there is none. */
  readonly decoder?: ((coding: string) => ContentDecoder | undefined) | undefined;
  /** The diagnostics channel of that name. */
  readonly channel?: ((name: string) => DiagnosticsChannel) | undefined;
  /**
   * Remembers the async context of the caller (`AsyncLocalStorage`), for functions and streams that a call brings and
   * that run in the callbacks of others. `undefined` where the runtime has none.
   */
  readonly context?: (() => RunInContext | undefined) | undefined;
}

/** Runs a function in an async context that was remembered. */
export type RunInContext = <T>(run: () => T) => T;

/** Why a socket failed, in the same words on every runtime. */
export type TransportErrorKind =
  /** The name did not resolve. */
  | "dns"
  /** Nobody listens there. */
  | "refused"
  /** No route, or the network is down. */
  | "unreachable"
  /** The kernel gave up waiting (`ETIMEDOUT`), also after TCP keepalive probes. */
  | "timeout"
  /** RST, or a write to a connection that the peer had closed. */
  | "reset"
  /** Handshake, certificate or TLS protocol failure. */
  | "tls"
  /** The runtime cannot do what the target asks. */
  | "unsupported"
  /** Anything else; see `cause`. */
  | "other";

/** The one error a transport gives. The runtime's own error is its `cause`. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly kind: TransportErrorKind;
  /** The runtime's code (`"ECONNREFUSED"`, `"CERT_HAS_EXPIRED"` …), where it has one. */
  readonly reason: string | undefined;

  constructor(
    kind: TransportErrorKind,
    message: string,
    options: { cause?: unknown; reason?: string | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = options.reason;
  }

  /** By its shape: transports that are loaded late bring a class of their own (transports/transport-error.ts). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "TransportError" && "kind" in value;
  }
}
