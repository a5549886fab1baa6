/** Remote response: the answers of an object as responses of `fetch` and of `request`. */

import type { ConnectionInfo } from "../contract/errors.ts";
import { isConstructible } from "../fetch/fetch-response.ts";
import { NULL_BODY, statusTold } from "../fetch/make-response.ts";
import type { RemoteResponse } from "../fetch/remote-types.ts";
import { Fields, trailerFields } from "../http1/parse/fields.ts";
import type { RemoteReply } from "./remote-reply.ts";
import { ANSWER_FIELD, type Pairs } from "./wire-format.ts";

/** A genuine `Response`, which may be returned from a handler. */
export function responseOf(reply: RemoteReply, url: string, redirected: boolean): Response {
  const { head, response } = reply;
  const { body } = response;
  const from = { url, redirected, reply };
  const content = body !== null && reply.hasSignal ? reply.stream(body) : body;
  if (head.headers === undefined) {
    const made = new ObjectFetchResponse(content as BodyInit | null, response, from);
    made.headers.delete(ANSWER_FIELD);
    return made;
  }
  const { status, statusText = "" } = { ...head, status: reply.status };
  const bare = NULL_BODY.has(status);
  if (bare) body?.cancel().catch(() => {});
  const known = isConstructible(status) ? { status, statusText } : { status: 502 };
  const init = { ...known, headers: head.headers as [string, string][] };
  const made = new ObjectFetchResponse(bare ? null : (content as BodyInit | null), init, from);
  if (!isConstructible(status) && !made.headers.has("proxy-status"))
    made.headers.append("proxy-status", statusTold(status));
  return made;
}

interface Provenance {
  readonly url: string;
  readonly redirected: boolean;
  readonly reply: RemoteReply;
}

/**
 * The platform reads the slots of a response, so what else it has stands on a class of its own. A clone has it, too.
 *
 * The body in the slots is that of the platform, which passes it on without a word of JavaScript. Who reads it here gets the
 * errors of the object's pool.
 */
class ObjectFetchResponse extends Response {
  readonly #from: Provenance;
  /** The response with the stream of the body, once the program has asked for that stream. */
  #opened: Response | undefined = undefined;

  constructor(body: BodyInit | null, init: ResponseInit, from: Provenance) {
    super(body, init);
    this.#from = from;
  }

  override get url(): string {
    return this.#from.url;
  }

  override get redirected(): boolean {
    return this.#from.redirected;
  }

  override get type(): ResponseType {
    return "basic";
  }

  /** A server's may be one that no `Response` may have: its slots have 502 then. */
  override get status(): number {
    return this.#from.reply.status;
  }

  override get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  override get statusText(): string {
    return this.#from.reply.head.statusText ?? super.statusText;
  }

  get connection(): ConnectionInfo | undefined {
    return this.#from.reply.connection;
  }

  get resendCount(): number {
    return this.#from.reply.resendCount;
  }

  /** Whether the body in the slots may fail with an error of the platform. */
  get #isRaw(): boolean {
    const { reply } = this.#from;
    return reply.mayFail && !reply.hasSignal;
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    const body = super.body;
    if (body === null || !this.#isRaw) return body;
    this.#opened ??= new Response(this.#from.reply.stream(body) as ReadableStream<Uint8Array<ArrayBuffer>>, {
      headers: this.headers,
    });
    return this.#opened.body;
  }

  override get bodyUsed(): boolean {
    return super.bodyUsed || this.#opened?.bodyUsed === true;
  }

  #read<T>(read: () => Promise<T>): Promise<T> {
    return this.#isRaw && !this.bodyUsed ? this.#from.reply.restoring(read()) : read();
  }

  override text(): Promise<string> {
    return this.#opened?.text() ?? this.#read(() => super.text());
  }

  override json<T>(): Promise<T> {
    return this.text().then(JSON.parse);
  }

  override blob(): Promise<Blob> {
    return this.#opened?.blob() ?? this.#read(() => super.blob());
  }

  override bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#opened?.bytes() ?? this.#read(() => super.bytes());
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#opened?.arrayBuffer() ?? this.#read(() => super.arrayBuffer());
  }

  override formData(): Promise<FormData> {
    if (this.#opened !== undefined || !this.#isRaw) return this.#opened?.formData() ?? super.formData();
    const { headers } = this;
    return this.arrayBuffer().then((bytes) => new Response(bytes, { headers }).formData());
  }

  override clone(): Response {
    const { status, statusText, headers } = this;
    const { body } = this.#opened?.clone() ?? super.clone();
    const slots = isConstructible(status) ? { status, statusText, headers } : { status: 502, headers };
    return new ObjectFetchResponse(body as BodyInit | null, slots, this.#from);
  }
}

const decoder = new TextDecoder("utf-8");

/** The response of `request`. */
export class ObjectResponse implements RemoteResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Fields;
  readonly #reply: RemoteReply;
  #stream: ReadableStream<Uint8Array> | undefined;

  constructor(reply: RemoteReply) {
    const { statusText = "", headers = [] } = reply.head;
    this.status = reply.status;
    this.statusText = statusText;
    this.headers = new Fields(linesOf(headers), 0);
    this.#reply = reply;
  }

  get connection(): ConnectionInfo {
    return this.#reply.connection as ConnectionInfo;
  }

  get resendCount(): number {
    return this.#reply.resendCount;
  }

  get body(): ReadableStream<Uint8Array> {
    this.#stream ??= this.#reply.stream(this.#reply.response.body ?? emptyStream());
    return this.#stream;
  }

  get trailers(): [name: string, value: string][] {
    return trailerFields(linesOf(this.#reply.trailers));
  }

  async bytes(): Promise<Uint8Array> {
    const reply = this.#reply;
    const { response } = reply;
    const direct = this.#stream === undefined && !reply.hasSignal && !response.bodyUsed;
    if (!direct) return new Uint8Array(await new Response(this.body as BodyInit).arrayBuffer());
    return new Uint8Array(await reply.restoring(response.arrayBuffer()));
  }

  async text(): Promise<string> {
    return decoder.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  discard(): void {
    this.body.cancel().catch(() => {});
  }
}

function linesOf(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.close();
    },
  });
}
