/**
 * Fetch response: a genuine `Response` of the runtime. Status, headers and body are in its internal slots, because
 * Deno.serve, Bun.serve and workerd send these and nothing else. Only what a constructor cannot set is added here.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import { BodyBuffer, clearedBytes } from "../exchange/body-buffer.ts";
import { bodyTooLarge } from "../exchange/body-errors.ts";
import type { WireResponse } from "../exchange/message.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { reasonOf } from "../http1/parse/fields.ts";
import { connectionInfo } from "../pool/connection.ts";
import { fetchError } from "./fetch-errors.ts";
import { heldStream } from "./held-body.ts";

/** Where a response comes from: the message of the wire, and what the call adds to it. */
export interface Provenance {
  /** The URL of the request that was answered, without its fragment. */
  readonly url: string;
  /** Whether a redirect led to it. */
  readonly redirected: boolean;
  /** The signal of the call. It ends the body as well, until all of it has been read. */
  readonly signal: AbortSignal | undefined;
  readonly wire: WireResponse;
  /** Whether bodies are byte streams, as those of the runtime's own fetch. */
  readonly byteStreams: boolean;
}

/** The `Response` of `pool.fetch()`, with two members that the standard does not have. */
export interface FetchResponse extends Response {
  /** The connection that it came on. */
  readonly connection: ConnectionInfo;
  /** How often the request was sent again before this response. */
  readonly resendCount: number;
}

/**
 * `direct`: the content is the undecoded stream of the body, so that the body can be read without that stream. `shared`:
 * a clone reads the same body.
 */
interface FetchResponseClass {
  new (
    content: BodyInit | null,
    init: ResponseInit,
    from: Provenance,
    direct: boolean,
    shared: boolean,
  ): FetchResponse;
  /** See {@linkcode holdsWholeBody}. */
  holds(response: object): boolean;
  /** See {@linkcode directBodyOf}. */
  directBodyOf(response: object): ResponseBody | undefined;
}

let loaded: FetchResponseClass | undefined;

/** Whether the whole body is in the slots of the runtime, which may send it without a stream. */
export function holdsWholeBody(response: object): boolean {
  return loaded?.holds(response) ?? false;
}

/** The body as it came from the wire, if the unread stream of the response is that of the wire. */
export function directBodyOf(response: object): ResponseBody | undefined {
  return loaded?.directBodyOf(response);
}

/** As the constructor of `Response` takes it. `BodyInit`, its type in lib.dom, is missing where a program has the types of Node alone. */
type Content = NonNullable<ConstructorParameters<typeof Response>[0]> | null;

/** A response as `pool.fetch()` gives it. */
export function newFetchResponse(
  content: Content,
  init: ResponseInit,
  from: Provenance,
  direct = false,
  shared = false,
): FetchResponse {
  loaded ??= likeNative(fetchResponseClass(), isOfResponse);
  const { status = 200 } = init;
  const slots = isConstructible(status) ? init : { ...init, ...unsendable(status) };
  return new loaded(content, slots, from, direct, shared);
}

/** Whether the constructor of `Response` takes the status (Fetch §5.5). A server's answer may have any (Fetch §2.2.3). */
export function isConstructible(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** What the slots hold of a status that they cannot: Deno.serve and Bun.serve send it if the response is passed on. */
function unsendable(status: number): { status: number; statusText: string } {
  return { status: 502, statusText: `Bad Gateway: the upstream answered with status ${status}` };
}

/**
 * Makes a class look like the runtime's: by its name, and by members that a `for … in` finds, as those of every interface
 * (Web IDL §3.7.6).
 */
export function likeNative<Class extends abstract new (...args: never[]) => object>(
  made: Class,
  isOfNative: (name: string) => boolean,
): Class {
  Object.defineProperty(made, "name", { value: "Response", configurable: true });
  for (const name of Object.getOwnPropertyNames(made.prototype)) {
    const isMember = name !== "constructor" && isOfNative(name);
    if (isMember) Object.defineProperty(made.prototype, name, { enumerable: true });
  }
  return made;
}

/** Whether the runtime's `Response` has a member of this name. */
export function isOfResponse(name: string): boolean {
  return name in nativeResponse().prototype;
}

/** Whether {@linkcode newFetchResponse} made it. */
export function isFetchResponse(response: object): response is FetchResponse {
  return loaded !== undefined && response instanceof loaded;
}

/**
 * Makes the class, for the first response. It is not made when this file is loaded: naming `Response` makes Node 24 load
 * its whole fetch, 24 ms that a program which only calls `request()` need not spend.
 *
 * While the program has not asked for a direct stream, `text()`, `bytes()` and `arrayBuffer()` read the body without it:
 * 16 KiB take 20 µs less on Deno 2.9, 1 MiB 270 µs less on Bun 1.4.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the function holds a class, whose methods are short.
function fetchResponseClass(): FetchResponseClass {
  const Native = nativeResponse();
  return class FetchResponse extends Native {
    readonly #from: Provenance;
    /** Whether the body can still be read without its stream. */
    #direct: boolean;
    /** Whether a clone reads the same body. */
    #shared: boolean;
    /** Whether the whole body is in the slots of the runtime, where the signal cannot reach it. */
    readonly #held: boolean;
    /** Whether it is held and has no content, so that it is at its end already. */
    readonly #isEmpty: boolean;
    static holds(response: object): boolean {
      return #held in response && response.#held;
    }

    static directBodyOf(response: object): ResponseBody | undefined {
      return #from in response && response.#direct ? response.#from.wire.body : undefined;
    }

    /** The response with the stream of a held body, once the program has asked for that stream. */
    #opened: Response | undefined = undefined;

    constructor(
      content: BodyInit | null,
      init: ResponseInit,
      from: Provenance,
      direct: boolean,
      shared: boolean,
    ) {
      super(content, init);
      this.#from = from;
      this.#direct = direct;
      this.#shared = shared;
      this.#held = content !== null && !(content instanceof ReadableStream);
      this.#isEmpty = content === "" || (content instanceof Uint8Array && content.length === 0);
    }

    /** The URL of the request that was answered, after redirects, without its fragment. */
    override get url(): string {
      return this.#from.url;
    }

    /** Whether a redirect led to it. */
    override get redirected(): boolean {
      return this.#from.redirected;
    }

    override get type(): ResponseType {
      return "basic";
    }

    /** The constructor of Node's own class reads it, before this one has its fields. */
    override get status(): number {
      return #from in this ? this.#from.wire.head.status : super.status;
    }

    override get ok(): boolean {
      return this.status >= 200 && this.status <= 299;
    }

    override get statusText(): string {
      return isConstructible(this.status) ? super.statusText : reasonOf(this.#from.wire.head.text);
    }

    /** The connection that it came on. */
    get connection(): ConnectionInfo {
      return connectionInfo(this.#from.wire.lease);
    }

    /** How often the request was sent again before this response. */
    get resendCount(): number {
      return this.#from.wire.resendCount;
    }

    override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
      this.#direct = false;
      this.#open();
      return this.#opened === undefined ? super.body : this.#opened.body;
    }

    /** The constructor of Node's own class reads it, before this one has its fields. */
    override get bodyUsed(): boolean {
      return #from in this && this.#opened !== undefined ? this.#opened.bodyUsed : super.bodyUsed;
    }

    /** Gives a held body a stream of its own, where that of the runtime is not good enough. */
    #open(): void {
      const { byteStreams } = this.#from;
      const signal = this.#isEmpty ? undefined : this.#from.signal;
      if (!this.#held || this.#opened !== undefined || super.bodyUsed) return;
      if (signal === undefined && (!byteStreams || holdsByteStreams(Native))) return;
      const slots = () => super.clone().body;
      const { headers } = this;
      this.#opened = new Native(
        heldStream(slots, { signal, byteStreams }) as ReadableStream<Uint8Array<ArrayBuffer>>,
        {
          headers,
        },
      );
    }

    override text(): Promise<string> {
      return (
        this.#aborted() ??
        this.#read((body) => body.text()) ??
        this.#bounded()?.then((all) => all.text()) ??
        this.#opened?.text() ??
        super.text()
      );
    }

    override json(): Promise<unknown> {
      const whole =
        this.#aborted() ?? (this.#direct || this.#isBounded ? this.text().then(JSON.parse) : undefined);
      return whole ?? this.#opened?.json() ?? super.json();
    }

    override blob(): Promise<Blob> {
      const whole = this.#aborted() ?? this.#bounded()?.then((all) => all.blob());
      return whole ?? this.#opened?.blob() ?? super.blob();
    }

    override formData(): Promise<FormData> {
      const whole = this.#aborted() ?? this.#bounded()?.then((all) => all.formData());
      return whole ?? this.#opened?.formData() ?? super.formData();
    }

    override bytes(): Promise<Uint8Array<ArrayBuffer>> {
      return this.#aborted() ?? this.#directBytes() ?? this.#bytes();
    }

    #directBytes(): Promise<Uint8Array<ArrayBuffer>> | undefined {
      return this.#read((body) => body.bytes() as Promise<Uint8Array<ArrayBuffer>>);
    }

    async #bytes(): Promise<Uint8Array<ArrayBuffer>> {
      // Node 20 has no `bytes()` that could be called here.
      const read = this.#bounded()?.then((all) => all.arrayBuffer()) ?? this.#opened?.arrayBuffer();
      return new Uint8Array(await (read ?? super.arrayBuffer()));
    }

    override arrayBuffer(): Promise<ArrayBuffer> {
      const aborted = this.#aborted();
      if (aborted !== undefined) return aborted;
      const bytes = this.#directBytes() ?? (this.#isBounded ? this.#bytes() : undefined);
      return bytes?.then(wholeBuffer) ?? this.#opened?.arrayBuffer() ?? super.arrayBuffer();
    }

    /**
     * The end of a body that was not read before the signal was aborted. It is rejected in the call: in the standard, the
     * stream failed when the signal was aborted, so that its reader hears of it before anybody who waits for a microtask.
     */
    #aborted(): Promise<never> | undefined {
      const { signal, wire } = this.#from;
      if (signal?.aborted !== true) return undefined;
      wire.body.abort(signal.reason);
      const unread = this.#direct || (this.#held && !this.#isEmpty && this.#opened === undefined);
      return unread && !this.bodyUsed ? Promise.reject(signal.reason) : undefined;
    }

    /** Whether there is a limit to what may be collected of the body. */
    get #isBounded(): boolean {
      return this.#from.wire.body.limit !== Infinity;
    }

    /** The whole body in a plain `Response`, where there is a limit and the body is still unread. */
    #bounded(): Promise<Response> | undefined {
      if (!this.#isBounded || this.bodyUsed) return undefined;
      const { body, headers } = this;
      if (body === null || body.locked) return undefined;
      return collect(body, this.#from.wire.body, this.#shared).then(
        (bytes) => new Native(bytes as Uint8Array<ArrayBuffer>, { headers }),
      );
    }

    /** Reads the body without its stream. The stream is cancelled, so that the response counts its body as used. */
    #read<Form>(read: (body: ResponseBody) => Promise<Form>): Promise<Form> | undefined {
      if (!this.#direct) return undefined;
      const form = read(this.#from.wire.body);
      cancelLocked(this.body);
      return form;
    }

    override clone(): Response {
      this.#direct = false;
      this.#shared = true;
      this.#open();
      const clone = this.#opened === undefined ? super.clone() : this.#opened.clone();
      keepWithStream(clone);
      keepWithStream(this);
      const { status, statusText, headers } = this;
      const { body } = clone;
      return newFetchResponse(body, { status, statusText, headers }, this.#from, false, true);
    }
  };
}

/**
 * The class of the runtime, at the end of the chain of parents. @hono/node-server replaces the global `Response` by a
 * class of its own, which adds a content type to every body, uses the given headers without copying them, and is no
 * `Response` to Deno.serve and Bun.serve.
 */
export function nativeResponse(): typeof Response {
  let native = Response;
  for (
    let parent = native;
    typeof parent === "function" && parent.prototype !== undefined;
    parent = parentOf(parent)
  )
    native = parent;
  return native;
}

let byteStreamsHeld: boolean | undefined;

/** Whether the runtime's stream of a body that is no stream is a byte stream: not on Deno 2.9 and Bun 1.4. */
function holdsByteStreams(native: typeof Response): boolean {
  if (byteStreamsHeld === undefined) {
    try {
      new native(".").body?.getReader({ mode: "byob" });
      byteStreamsHeld = true;
    } catch {
      byteStreamsHeld = false;
    }
  }
  return byteStreamsHeld;
}

/** Ends a stream whose body was read without it, and keeps it locked, as the runtime's own reading does. */
function cancelLocked(body: ReadableStream | null): void {
  try {
    const reader = body?.getReader();
    reader?.cancel().catch(() => {});
  } catch {
    // Native code has the stream. Then the body could not be read without it either.
  }
}

function parentOf(child: typeof Response): typeof Response {
  return Object.getPrototypeOf(child);
}

const responseOf: WeakMap<ReadableStream, Response> = new WeakMap();

/**
 * Keeps the response alive as long as its stream. Node 20 cancels the unread stream of a cloned response when the
 * response is collected as garbage, even if the program still has the stream.
 */
function keepWithStream(response: Response): void {
  if (response.body !== null) responseOf.set(response.body, response);
}

/** The bytes as a buffer of their own: a view may cover only a part of its buffer. */
export function wholeBuffer({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

/**
 * The whole of a stream. Collected here, and not by the runtime, because there is a limit.
 *
 * @param body Where the stream comes from. It ends when the limit is passed.
 * @param shared Whether a clone reads the same body, and may still read it as a stream.
 * @throws {TypeError} when the stream is longer than the limit of the body.
 */
async function collect(
  stream: ReadableStream<Uint8Array>,
  body: ResponseBody,
  shared: boolean,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const collected = new BodyBuffer(undefined, clearedBytes);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return collected.take();
    const size = collected.size + value.length;
    if (size > body.limit) {
      const tooLarge = shared ? bodyTooLarge(body.lease, body.limit, size, false) : body.tooLarge(size);
      const error = fetchError(tooLarge, undefined);
      reader.cancel(error).catch(() => {});
      throw error;
    }
    collected.add(value, 0, value.length);
  }
}
