/**
 * Agent socket: what `node:http` takes for the socket of a request. It stands for one connection of the pool, and for another one
 * once a request was sent again. It is the same object for each request on a connection, as with Node's own agents.
 */

import { nextTick } from "node:process";
import type { ConnectionInfo } from "../contract/errors.ts";
import type { SocketAddresses, TlsFacts } from "../contract/transport.ts";
import type { ConnectionFace } from "../pool/connection.ts";
import { StraightSocket, type WriteDone } from "./straight-socket.ts";

/** What a socket passes everything on to: an exchange, or a connection that belongs to the caller after an upgrade. */
export interface SocketLink {
  readonly connection: ConnectionInfo | undefined;
  /** Calls `done` when more can be written. */
  write(head: string | Uint8Array, body: Uint8Array | undefined, done: () => void): void;
  /** Reads on after {@linkcode AgentSocket.receive} returned `false`. */
  readOn(): void;
  /** Nothing more will be written. */
  ended(): void;
  /** Whether the socket keeps the process alive. */
  ref(awaited: boolean): void;
  /** `node:http` is done with the socket, which may carry another request. */
  freed(): void;
  /** The socket is the caller's from now on: an upgrade, or `agentRemove`. */
  detached(): void;
  /** The socket was destroyed, by `node:http` or by the caller. */
  destroyed(error: Error | null): void;
}

/** Of the pool's socket: addresses, TLS, and the runtime's own socket. */
export interface SocketFacts extends SocketAddresses {
  readonly native?: object | undefined;
  readonly tls?: TlsFacts | undefined;
}

/** Who hears of a socket what no request does. */
export interface SocketListener {
  /** An option could not be set. */
  degraded(option: string, asked: boolean): void;
  /** A tool has destroyed it between two requests. */
  destroyedIdle(socket: AgentSocket): void;
}

/** A socket of `node:http` over a connection of the pool. */
export class AgentSocket extends StraightSocket implements ConnectionFace {
  #facts: SocketFacts;
  readonly #listener: SocketListener;
  #link: SocketLink | undefined = undefined;
  /** The pool knows that it is over. */
  #isClosed = false;
  #bytesRead = 0;
  #bytesWritten = 0;
  /** What its connections are listed under by the agent. */
  readonly groupName: string;

  /** Made by the agent. */
  constructor(facts: SocketFacts, groupName: string, listener: SocketListener) {
    super({ allowHalfOpen: false });
    this.#facts = facts;
    this.#listener = listener;
    this.groupName = groupName;
    Object.assign(this, { connecting: false });
    this.on("free", passFree);
    this.on("agentRemove", passRemoval);
    this.on("error", endIdle);
  }

  /** The connection of the request that has it now. `undefined` between two requests. */
  get connection(): ConnectionInfo | undefined {
    return this.#link?.connection;
  }

  /** @internal */
  get facts(): SocketFacts {
    return this.#facts;
  }

  /** @internal */
  get link(): SocketLink | undefined {
    return this.#link;
  }

  /** @internal */
  get moved(): readonly [read: number, written: number] {
    return [this.#bytesRead, this.#bytesWritten];
  }

  /** Belongs to a request from now on. @internal */
  begin(link: SocketLink): void {
    this.#link = link;
    // A response that was read slowly may have left it paused.
    if (this.readableFlowing === false) this.resume();
  }

  /** Stands for another connection from now on. @internal */
  moveTo(facts: SocketFacts): void {
    this.#facts = facts;
  }

  /** Belongs to no request until {@linkcode begin}. @internal */
  release(): void {
    this.#link = undefined;
    (this as { _httpMessage?: unknown })._httpMessage = null;
    if (this.timeout !== undefined && this.timeout !== 0) this.setTimeout(0);
  }

  /** Bytes arrived, which are the socket's own. Returns whether to go on reading. @internal */
  receive(bytes: Buffer): boolean {
    this.#bytesRead += bytes.length;
    this.#stirs();
    // What a stream does in this case, without the look whether to read more, which takes a tick.
    const isDirect =
      this.readableFlowing === true && this.readableLength === 0 && this.listenerCount("data") > 0;
    if (!isDirect) return this.push(bytes);
    this.emit("data", bytes);
    return true;
  }

  /** The pool has closed the connection. */
  connectionClosed(): void {
    this.#link = undefined;
    this.#isClosed = true;
    this.destroy();
  }

  /** Something moved: its timeout begins anew. */
  #stirs(): void {
    if (this.timeout === undefined || this.timeout === 0) return;
    const { _unrefTimer: refresh } = this as { _unrefTimer?(): void };
    if (typeof refresh === "function") refresh.call(this);
    else this.setTimeout(this.timeout);
  }

  override _read(): void {
    this.#link?.readOn();
  }

  protected get isLinked(): boolean {
    return this.#link !== undefined;
  }

  protected put(head: string | Uint8Array, body: Uint8Array | undefined, done: WriteDone): void {
    if (this.#link === undefined) return done(new Error("The socket belongs to no request"));
    this.#bytesWritten += head.length + (body?.length ?? 0);
    this.#stirs();
    this.#link.write(head, body, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#link?.ended();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const link = this.#link;
    this.#link = undefined;
    this.setTimeout(0);
    if (link !== undefined) link.destroyed(error);
    else if (!this.#isClosed) this.#listener.destroyedIdle(this);
    // Node's sockets emit `close` themselves, once their handle is closed.
    let isClosed = false;
    this.once("close", () => {
      isClosed = true;
    });
    done(error);
    nextTick(() => {
      if (!isClosed) this.emit("close", error !== null && error !== undefined);
    });
  }

  override ref(): this {
    this.#link?.ref(true);
    return this;
  }

  override unref(): this {
    this.#link?.ref(false);
    return this;
  }

  override setNoDelay(noDelay = true): this {
    return this.#option("setNoDelay", noDelay);
  }

  override setKeepAlive(...values: readonly unknown[]): this {
    return this.#option("setKeepAlive", ...values);
  }

  override resetAndDestroy(): this {
    return this.destroy();
  }

  override destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Sets an option of Node's own socket. Where there is none, that is reported: it must not seem done. */
  #option(name: "setNoDelay" | "setKeepAlive", ...values: readonly unknown[]): this {
    const { native } = this.#facts;
    const method = (native as Record<string, unknown> | undefined)?.[name];
    if (typeof method === "function") method.apply(native, values);
    else this.#listener.degraded(name, values[0] === true);
    return this;
  }
}

/** The last part of a buffer that was copied. A transport reads into one buffer, and servers repeat what they answer. */
let lastView: Uint8Array | undefined;

/** A copy of bytes that are valid only for now. */
export function copied(bytes: Uint8Array, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  if (
    lastView?.length !== length ||
    lastView.buffer !== bytes.buffer ||
    lastView.byteOffset !== bytes.byteOffset
  )
    lastView = bytes.subarray(0, length);
  copy.set(lastView);
  return copy;
}

function passFree(this: AgentSocket): void {
  this.link?.freed();
}

/** From now on it is the caller's, who hears of its errors. */
function passRemoval(this: AgentSocket): void {
  this.off("error", endIdle);
  this.link?.detached();
}

/** Between two requests nobody else listens, and an error would end the process. */
function endIdle(this: AgentSocket): void {
  if (this.link === undefined) this.destroy();
}

/** What `net.Socket` and `tls.TLSSocket` know of themselves, and this one of the connection. */
const VIEWS: Readonly<Record<string, (socket: AgentSocket) => unknown>> = {
  pending: () => false,
  bytesRead: ({ moved }) => moved[0],
  bytesWritten: ({ moved }) => moved[1],
  remoteAddress: ({ facts }) => facts.remoteAddress,
  remotePort: ({ facts }) => facts.remotePort,
  remoteFamily: ({ facts }) => familyOf(facts.remoteAddress),
  localAddress: ({ facts }) => facts.localAddress,
  localPort: ({ facts }) => facts.localPort,
  localFamily: ({ facts }) => familyOf(facts.localAddress),
};

/** Members that only a `TLSSocket` has. */
const TLS_VALUES: readonly string[] = ["authorized", "authorizationError", "alpnProtocol", "servername"];
const TLS_METHODS: readonly string[] = [
  "getPeerCertificate",
  "getPeerX509Certificate",
  "getCertificate",
  "getCipher",
  "getProtocol",
  "getSession",
  "getEphemeralKeyInfo",
  "getFinished",
  "getPeerFinished",
  "getTLSTicket",
  "isSessionReused",
  "exportKeyingMaterial",
];

function familyOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address.includes(":") ? "IPv6" : "IPv4";
}

// Types say that these are properties, which an accessor of a class may not replace. Bun's constructor writes to some.
for (const [name, read] of Object.entries(VIEWS)) {
  Object.defineProperty(AgentSocket.prototype, name, {
    configurable: true,
    get(this: AgentSocket) {
      return read(this);
    },
    set() {},
  });
}

/**
 * Gives a socket the members of a `TLSSocket`, as far as the runtime's own socket has them. `isVerified`: whether the peer had to have
 * a certificate that is trusted.
 */
export function showTls(socket: AgentSocket, isVerified: boolean): AgentSocket {
  const native = socket.facts.native as Record<string, unknown> | undefined;
  Object.defineProperty(socket, "encrypted", { value: true });
  for (const name of TLS_VALUES)
    Object.defineProperty(socket, name, {
      get: () => native?.[name] ?? (name === "authorized" ? isVerified : null),
    });
  for (const name of TLS_METHODS) {
    const method = native?.[name];
    if (typeof method === "function") Object.defineProperty(socket, name, { value: method.bind(native) });
  }
  return socket;
}
