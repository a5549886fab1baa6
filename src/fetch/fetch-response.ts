/**
 * Fetch response: a genuine `Response` of the runtime. Status, headers and body stand in its internal slots, because
 * Deno.serve, Bun.serve and workerd send those and nothing else; only what a constructor cannot set is added.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { WireResponse } from "../exchange/message.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { connectionInfo } from "../pool/connection.ts";
import { collect } from "./collect-decoded.ts";

/** Where a response comes from. */
export interface Provenance {
  /** The URL that answered, without a fragment. */
  readonly url: string;
  readonly redirected: boolean;
  readonly wire: WireResponse;
}

/** The `Response` of `pool.fetch()`, and what may be asked of it besides. */
export interface FetchResponse extends Response {
  /** The connection it came on. */
  readonly connection: ConnectionInfo;
  /** Times the request was sent again before this answer. */
  readonly resendCount: number;
}

/** `direct`: the content is the stream of the body off the wire, not decoded. `shared`: with a clone. */
type FetchResponseClass = new (
  content: BodyInit | null,
  init: ResponseInit,
  from: Provenance,
  direct: boolean,
  shared: boolean,
) => FetchResponse;

let known: FetchResponseClass | undefined;

/** Made by the pool. */
export function newFetchResponse(
  content: BodyInit | null,
  init: ResponseInit,
  from: Provenance,
  direct = false,
  shared = false,
): FetchResponse {
  known ??= fetchResponseClass();
  return new known(content, init, from, direct, shared);
}

/** Whether the pool made it. */
export function isFetchResponse(response: object): response is FetchResponse {
  return known !== undefined && response instanceof known;
}

/**
 * The class, when the first is made: to name `Response` as this file is loaded would load all of fetch, 24 ms on Node 24
 * that a program which calls `request()` need not wait for.
 *
 * Where its content is the body off the wire as a stream, `text()`, `bytes()` and `arrayBuffer()` take the body past
 * that stream while nobody has it: 16 KiB take 20 µs less on Deno 2.9, 1 MiB 270 µs less on Bun 1.4.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it is a class, whose methods are short.
function fetchResponseClass(): FetchResponseClass {
  const Native = nativeResponse();
  return class FetchResponse extends Native {
    readonly #from: Provenance;
    /** Whether the body can still be taken past the stream. */
    #direct: boolean;

    /** Whether a clone reads the same body. */
    #shared: boolean;

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
    }

    /** The URL that answered, after redirects, without a fragment. */
    override get url(): string {
      return this.#from.url;
    }

    /** Whether it is the answer to a redirected request. */
    override get redirected(): boolean {
      return this.#from.redirected;
    }

    /** The connection it came on. */
    get connection(): ConnectionInfo {
      return connectionInfo(this.#from.wire.lease);
    }

    /** Times the request was sent again before this answer. */
    get resendCount(): number {
      return this.#from.wire.resendCount;
    }

    override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
      this.#direct = false;
      return super.body;
    }

    override text(): Promise<string> {
      return this.#read((body) => body.text()) ?? this.#bounded()?.then((all) => all.text()) ?? super.text();
    }

    override json(): Promise<unknown> {
      return this.#direct || this.#isBounded ? this.text().then(JSON.parse) : super.json();
    }

    override blob(): Promise<Blob> {
      return this.#bounded()?.then((all) => all.blob()) ?? super.blob();
    }

    override formData(): Promise<FormData> {
      return this.#bounded()?.then((all) => all.formData()) ?? super.formData();
    }

    override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
      // Node 20 has no `bytes()` to call.
      const read = this.#read((body) => body.bytes()) ?? this.#bounded()?.then((all) => all.arrayBuffer());
      const bytes = await (read ?? super.arrayBuffer());
      return bytes instanceof Uint8Array ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
    }

    override async arrayBuffer(): Promise<ArrayBuffer> {
      return this.#direct || this.#isBounded ? wholeBuffer(await this.bytes()) : super.arrayBuffer();
    }

    get #isBounded(): boolean {
      return this.#from.wire.body.limit !== Infinity;
    }

    /** All of it in a response of the runtime, if it may not be all there is, and nobody else has it. */
    #bounded(): Promise<Response> | undefined {
      if (!this.#isBounded || this.bodyUsed) return undefined;
      const { body, headers } = this;
      if (body === null || body.locked) return undefined;
      return collect(body, this.#from.wire.body, this.#shared).then(
        (bytes) => new Native(bytes as Uint8Array<ArrayBuffer>, { headers }),
      );
    }

    /** Reads past the stream, and ends that, so that the response knows its body to be used. */
    #read<Form>(read: (body: ResponseBody) => Promise<Form>): Promise<Form> | undefined {
      if (!this.#direct) return undefined;
      const form = read(this.#from.wire.body);
      this.body?.cancel().catch(() => {}); // fails where something native has the stream: then `read` did, too
      return form;
    }

    override clone(): Response {
      this.#direct = false;
      this.#shared = true;
      const clone = super.clone();
      keepWithStream(clone);
      keepWithStream(this);
      const { body, status, statusText, headers } = clone;
      return newFetchResponse(body, { status, statusText, headers }, this.#from, false, true);
    }
  };
}

/**
 * The runtime's own class. @hono/node-server puts one of its own in the place of the global one: that adds a content type to
 * every body, takes the headers it is given for its own instead of copying them, and is no `Response` to Deno.serve and
 * Bun.serve.
 */
export function nativeResponse(): typeof Response {
  let found = Response;
  for (
    let above = found;
    typeof above === "function" && above.prototype !== undefined;
    above = parentOf(above)
  )
    found = above;
  return found;
}

function parentOf(child: typeof Response): typeof Response {
  return Object.getPrototypeOf(child);
}

const keptWith: WeakMap<ReadableStream, Response> = new WeakMap();

/** Node 20 cancels the unread stream of a response that was cloned, once that is collected, whoever has the stream. */
function keepWithStream(response: Response): void {
  if (response.body !== null) keptWith.set(response.body, response);
}

/** The buffer of some bytes, without what is not theirs. */
export function wholeBuffer({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}
