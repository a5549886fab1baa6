/**
 * Bare call: a GET of `remotePool().fetch` without fields, body and signal, which most calls are. It goes from the exchange to the
 * platform's response without the response of `fetch` in between: what the Worker needs of that, it makes itself.
 */

import type { FrontParts } from "../create-pool.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { ResponseCallbacks, WireRequest, WireResponse } from "../exchange/message.ts";
import { usualFor } from "../fetch/call-context.ts";
import type { FetchContext } from "../fetch/fetch.ts";
import { bareGet } from "../fetch/fetch-request.ts";
import { isConstructible } from "../fetch/fetch-response.ts";
import { fetchResponse, NULL_BODY } from "../fetch/make-response.ts";
import { isRedirect } from "../fetch/redirect.ts";
import type { RequestUrl } from "../fetch/request-url.ts";
import { addFields, reasonOf } from "../http1/parse/fields.ts";
import { type CallRecords, errorAnswer, fetchedAnswer } from "./object-call.ts";
import { ANSWER_FIELD, shortAnswer } from "./wire-format.ts";

/** What bare calls of one object share. */
export class BareCalls {
  readonly #parts: FrontParts;
  readonly #records: CallRecords;
  readonly heads: AnswerHeads = new AnswerHeads();

  constructor(parts: FrontParts, records: CallRecords) {
    this.#parts = parts;
    this.#records = records;
  }

  /** The answer to a GET. It never rejects: the error is in the answer. */
  answer(url: RequestUrl): Promise<Response> {
    return new Promise((resolve) => {
      try {
        const context = this.#parts.fetchContext;
        if (context === undefined) throw new Error("Bug in Holdfast: an object has no transport of its own");
        const { fields } = bareGet(url, context.defaults);
        const request: WireRequest = {
          origin: url.origin,
          method: "GET",
          target: url.target,
          repeatable: true,
          signal: undefined,
          deadlines: usualFor(context, url.origin),
          fields,
          body: undefined,
        };
        new Exchange(context.pool, request, new BareCall(this, url, context, resolve)).start();
      } catch (error) {
        resolve(errorAnswer(error));
      }
    });
  }

  /** The answer to a response that is not as simple as most. */
  whole(wire: WireResponse, { href }: RequestUrl, context: FetchContext): Promise<Response> {
    const { byteStreams } = context;
    const from = { url: href, redirected: false, signal: undefined, wire, byteStreams };
    const response = fetchResponse(from, "GET", context);
    return fetchedAnswer(response, "GET", undefined, this.#records);
  }
}

/** One call. */
class BareCall implements ResponseCallbacks {
  readonly #calls: BareCalls;
  readonly #url: RequestUrl;
  readonly #context: FetchContext;
  readonly #resolve: (answer: Response | Promise<Response>) => void;

  constructor(
    calls: BareCalls,
    url: RequestUrl,
    context: FetchContext,
    resolve: (answer: Response | Promise<Response>) => void,
  ) {
    this.#calls = calls;
    this.#url = url;
    this.#context = context;
    this.#resolve = resolve;
  }

  resolve(wire: WireResponse): void {
    try {
      this.#resolve(
        isSimple(wire)
          ? simpleAnswer(wire, this.#calls.heads)
          : this.#calls.whole(wire, this.#url, this.#context),
      );
    } catch (error) {
      wire.body.discard();
      this.#resolve(errorAnswer(error));
    }
  }

  reject(error: unknown): void {
    this.#resolve(errorAnswer(error));
  }
}

/** Whether a response of the platform says all of it. */
function isSimple({ head, body, resendCount }: WireResponse): boolean {
  const { status } = head;
  if (!body.ended || head.coded || resendCount > 0) return false;
  return isConstructible(status) && !NULL_BODY.has(status) && !isRedirect(status);
}

function simpleAnswer(wire: WireResponse, heads: AnswerHeads): Response {
  const { head, lease, body } = wire;
  const short = shortAnswer(lease);
  const init = heads.of(head.status, head.text);
  init.headers.set(ANSWER_FIELD, short);
  const content = body.takeContent() ?? "";
  const answer = new Response(content as BodyInit, init);
  // The constructor adds a content type to a text.
  if (typeof content === "string" && !heads.hasType) answer.headers.delete("content-type");
  return answer;
}

/** The head of the previous answer: a server's heads are often the same for a while, and the platform copies fields quickly. */
class AnswerHeads {
  hasType = false;
  #text: string | undefined;
  #init = { status: 200, statusText: "", headers: new Headers() };

  /** The next call may return the same headers, and so may one that follows a change of them: they must be copied. */
  of(status: number, text: string): { readonly headers: Headers } {
    if (text === this.#text) return this.#init;
    const headers = new Headers();
    addFields(text, headers);
    // The whole body gets a length, and must not have another framing beside it.
    headers.delete("transfer-encoding");
    this.hasType = headers.has("content-type");
    this.#init = { status, statusText: reasonOf(text), headers };
    this.#text = text;
    return this.#init;
  }
}
