/**
 * Lazy response: a `Response` whose internals are made when somebody needs them. Making one costs 7 µs on Node 24,
 * more than all the rest of a small exchange, and most callers want no more than its status and its text.
 *
 * It is a `Response` by `instanceof` and by its members, which is what Node's own code, its libraries and
 * @hono/node-server go by; what reads internal slots finds none and throws, so it is never made where such a server
 * could meet it (see `Transport.lazyResponse`). `clone()`, `body` and all that needs a stream go to a genuine one.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import { addFields, reasonOf } from "../http1/parse/fields.ts";
import { connectionInfo } from "../pool/connection.ts";
import { nativeResponse, newFetchResponse, type Provenance, wholeBuffer } from "./fetch-response.ts";

/** A response that is not made yet. */
export class LazyResponse implements Response {
  readonly #from: Provenance;
  readonly #make: () => Response;
  #made: Response | undefined = undefined;
  #headers: Headers | undefined = undefined;
  /** The body was read here, past the genuine response. */
  #read = false;

  /** Made by the pool. `make` is called once, and gives an empty body if the real one was read by then. */
  constructor(from: Provenance, make: () => Response) {
    if (!inherits) inherit();
    this.#from = from;
    this.#make = make;
  }

  #genuine(): Response {
    if (this.#made === undefined) {
      this.#made = this.#make();
      // So that its body is used, too.
      if (this.#read) this.#made.text().catch(() => {});
    }
    return this.#made;
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
    return "default";
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
    return this.#genuine().body;
  }

  get bodyUsed(): boolean {
    return this.#read || (this.#made?.bodyUsed ?? false);
  }

  clone(): Response {
    const { body } = this.#genuine().clone();
    const { status, statusText, headers } = this;
    return newFetchResponse(body, { status, statusText, headers }, this.#from, false, true);
  }

  text(): Promise<string> {
    if (this.#made !== undefined) return this.#made.text();
    this.#read = true;
    return this.#from.wire.body.text();
  }

  json(): Promise<unknown> {
    return this.#made === undefined ? this.text().then(JSON.parse) : this.#made.json();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#made !== undefined) return new Uint8Array(await this.#made.arrayBuffer());
    this.#read = true;
    return (await this.#from.wire.body.bytes()) as Uint8Array<ArrayBuffer>;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return wholeBuffer(await this.bytes());
  }

  blob(): Promise<Blob> {
    return this.#genuine().blob();
  }

  formData(): Promise<FormData> {
    return this.#genuine().formData();
  }
}

let inherits = false;

/**
 * Not `extends`: the constructor of `Response` would do the work that is spared here. Nor before the first is made: to
 * name `Response` loads all of fetch.
 */
function inherit(): void {
  inherits = true;
  const native = nativeResponse();
  Object.setPrototypeOf(LazyResponse.prototype, native.prototype);
  Object.setPrototypeOf(LazyResponse, native);
}
