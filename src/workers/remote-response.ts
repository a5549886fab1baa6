/** Remote response: the answers of an object as responses of `fetch` and of `request`. */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { RemoteResponse } from "../fetch/remote-types.ts";
import { Fields, trailerFields } from "../http1/parse/fields.ts";
import type { RemoteReply } from "./remote-exchange.ts";
import type { Pairs } from "./wire-format.ts";

/** Statuses whose responses have no body (Fetch §2.2.3). */
const BODILESS: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A genuine `Response`, which may be returned from a handler. */
export function responseOf({ head, body }: RemoteReply, url: string, redirected: boolean): Response {
  const { status, statusText, headers, connection, resendCount } = head;
  const bare = BODILESS.has(status);
  if (bare) body?.cancel().catch(() => {});
  const init = { status, statusText, headers: headers as [string, string][] };
  return new ObjectFetchResponse(bare ? null : body, init, { url, redirected, connection, resendCount });
}

interface Provenance {
  readonly url: string;
  readonly redirected: boolean;
  readonly connection: ConnectionInfo | undefined;
  readonly resendCount: number;
}

/** The platform reads the slots of a response, so what else it has stands on a class of its own. A clone has it, too. */
class ObjectFetchResponse extends Response {
  readonly #from: Provenance;

  constructor(body: ReadableStream<Uint8Array> | null, init: ResponseInit, from: Provenance) {
    super(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, init);
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

  get connection(): ConnectionInfo | undefined {
    return this.#from.connection;
  }

  get resendCount(): number {
    return this.#from.resendCount;
  }

  override clone(): Response {
    const { status, statusText, headers, body } = super.clone();
    return new ObjectFetchResponse(body, { status, statusText, headers }, this.#from);
  }
}

const decoder = new TextDecoder("utf-8");

/** The response of `request`. */
export class ObjectResponse implements RemoteResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Fields;
  readonly connection: ConnectionInfo;
  readonly resendCount: number;
  readonly body: ReadableStream<Uint8Array>;
  readonly #reply: RemoteReply;

  constructor(reply: RemoteReply) {
    const { status, statusText, headers, connection, resendCount } = reply.head;
    this.status = status;
    this.statusText = statusText;
    this.headers = new Fields(linesOf(headers), 0);
    this.connection = connection as ConnectionInfo;
    this.resendCount = resendCount;
    this.body = reply.body ?? emptyStream();
    this.#reply = reply;
  }

  get trailers(): [name: string, value: string][] {
    return trailerFields(linesOf(this.#reply.trailers()));
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.body).arrayBuffer());
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
