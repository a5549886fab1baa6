/**
 * Lazy response: a `Response` whose internal slots are made on first use. Making them costs 7 µs on Node 24, more than the
 * rest of a small exchange, and most callers only read the status and the text.
 *
 * It is a `Response` by `instanceof` and by its members. Node's own code, its libraries and @hono/node-server need no
 * more. Code that reads internal slots finds none and throws, so a lazy response is only made on runtimes whose servers
 * read members (see `Transport.lazyResponse`). `clone()`, `body` and all else that needs a stream use a genuine response.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { addFields, reasonOf } from "../http1/parse/fields.ts";
import { connectionInfo } from "../pool/connection.ts";
import {
  likeNative,
  nativeResponse,
  newFetchResponse,
  type Provenance,
  wholeBuffer,
} from "./fetch-response.ts";
import { inheritLate } from "./late-parent.ts";

/** Makes the genuine response: a shared function, because a closure per response costs memory. */
type MakeGenuine = (from: Provenance) => Response;

/** The response of `pool.fetch()` on Node, whose `Response` lacks the `textStream` that Deno 2.9 declares. */
export class LazyResponse implements Omit<Response, "textStream"> {
  readonly #from: Provenance;
  readonly #makeGenuine: MakeGenuine;
  #genuine: Response | undefined = undefined;
  #headers: Headers | undefined = undefined;
  /** Whether the body was read without the genuine response. */
  #read = false;

  /** @param makeGenuine Called once at most. If the body was read by then, it gives a response with an empty one. */
  constructor(from: Provenance, makeGenuine: MakeGenuine) {
    if (!inherits) inherit();
    this.#from = from;
    this.#makeGenuine = makeGenuine;
  }

  #toGenuine(): Response {
    if (this.#genuine === undefined) {
      this.#genuine = this.#makeGenuine(this.#from);
      // Marks the body of the genuine response as used, too.
      if (this.#read) this.#genuine.text().catch(() => {});
    }
    return this.#genuine;
  }

  /** The body, to be read without the genuine response. */
  #direct(): ResponseBody {
    this.#read = true;
    return this.#from.wire.body;
  }

  /**
   * The end of a body that was not read before the signal was aborted. It is rejected in the call: in the standard, the
   * stream failed when the signal was aborted, so that its reader hears of it before anybody who waits for a microtask.
   */
  #aborted(): Promise<never> | undefined {
    const { signal, wire } = this.#from;
    if (signal?.aborted !== true || this.#genuine !== undefined || this.#read) return undefined;
    // Nothing can fail any more where there is nothing.
    if (wire.body.ended && wire.body.unreadBytes === 0) return undefined;
    wire.body.abort(signal.reason);
    return Promise.reject(signal.reason);
  }

  get status(): number {
    return this.#from.wire.head.status;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get statusText(): string {
    return reasonOf(this.#from.wire.head.text);
  }

  get type(): ResponseType {
    return "basic";
  }

  get url(): string {
    return this.#from.url;
  }

  get redirected(): boolean {
    return this.#from.redirected;
  }

  get connection(): ConnectionInfo {
    return connectionInfo(this.#from.wire.lease);
  }

  get resendCount(): number {
    return this.#from.wire.resendCount;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      addFields(this.#from.wire.head.text, this.#headers);
    }
    return this.#headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#toGenuine().body;
  }

  get bodyUsed(): boolean {
    return this.#read || (this.#genuine?.bodyUsed ?? false);
  }

  clone(): Response {
    const { body } = this.#toGenuine().clone();
    const { status, statusText, headers } = this;
    return newFetchResponse(body, { status, statusText, headers }, this.#from, false, true);
  }

  text(): Promise<string> {
    if (this.#genuine !== undefined) return this.#genuine.text();
    return this.#aborted() ?? this.#direct().text();
  }

  json(): Promise<unknown> {
    if (this.#genuine !== undefined) return this.#genuine.json();
    return this.#aborted() ?? this.#direct().text().then(JSON.parse);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#aborted() ?? this.#bytes();
  }

  async #bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#genuine !== undefined) return new Uint8Array(await this.#genuine.arrayBuffer());
    return (await this.#direct().bytes()) as Uint8Array<ArrayBuffer>;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#aborted() ?? this.#bytes().then(wholeBuffer);
  }

  blob(): Promise<Blob> {
    return this.#aborted() ?? this.#toGenuine().blob();
  }

  formData(): Promise<FormData> {
    return this.#aborted() ?? this.#toGenuine().formData();
  }
}

let inherits = false;

/** The members that a `Response` does not have. */
const OWN: ReadonlySet<string> = new Set(["connection", "resendCount"]);

/**
 * Makes LazyResponse a `Response` by `instanceof`. `extends` would call the constructor of `Response`, whose work is to be
 * spared. It is done for the first response, and Node's `Response` is loaded when it is asked for.
 */
function inherit(): void {
  inherits = true;
  likeNative(LazyResponse, (name) => !OWN.has(name));
  inheritLate(LazyResponse, nativeResponse);
}
