/** HTTP CONNECT: asking an HTTP proxy for a tunnel (RFC 9110 §9.3.6). */

import { HoldfastError, ProtocolError } from "../contract/errors.ts";
import { proxyReason } from "../contract/secrets.ts";
import type { TextCodec } from "../contract/transport.ts";
import { reasonOf } from "../http1/parse/fields.ts";
import type { ResponseHead } from "../http1/parse/head.ts";
import { ResponseParser, type ResponseSink } from "../http1/parse/response-parser.ts";
import type { ResponseLimits } from "../options/options.ts";
import type { ProxySetting } from "../options/proxy.ts";
import { type Destination, MORE, type Negotiation, type NegotiationStep } from "./negotiation.ts";
import { proxyError } from "./proxy-errors.ts";

/** What is needed to read the answer. */
export interface ReplyReading {
  readonly limits: Required<ResponseLimits>;
  readonly text: TextCodec;
}

/** Refusals that asking again may mend. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** One CONNECT and its answer. */
export class HttpConnect implements Negotiation, ResponseSink {
  readonly opening: Uint8Array;
  readonly #proxy: ProxySetting;
  readonly #to: Destination;
  readonly #parser: ResponseParser;
  #head: ResponseHead | undefined;

  constructor(proxy: ProxySetting, to: Destination, { limits, text }: ReplyReading) {
    this.#proxy = proxy;
    this.#to = to;
    this.opening = new TextEncoder().encode(connectHead(proxy, to));
    this.#parser = new ResponseParser(limits, text);
    // As for HEAD: a tunnel's answer has no body whatever its fields say, and that of a refusal is not read.
    this.#parser.begin("HEAD", this);
  }

  feed(bytes: Uint8Array, length: number): NegotiationStep {
    const end = this.#read(bytes, length);
    if (this.#head === undefined) return MORE;
    const { status, text } = this.#head;
    if (status >= 200 && status < 300) return { openAt: end };
    const reason = proxyReason(reasonOf(text), this.#proxy.authorization);
    throw proxyError(this.#proxy, this.#to, `refused a tunnel: ${status} ${reason}`.trimEnd(), {
      status,
      retriable: TRANSIENT.has(status),
    });
  }

  #read(bytes: Uint8Array, length: number): number {
    try {
      return this.#parser.feed(bytes, 0, length);
    } catch (cause) {
      if (!(cause instanceof HoldfastError)) throw cause;
      // With credentials it may hold them, cut anywhere.
      const isOpen = this.#proxy.authorization === undefined || !(cause instanceof ProtocolError);
      const what = `gave an answer that is not HTTP/1.1: ${isOpen ? cause.message : cause.fault}`;
      throw proxyError(this.#proxy, this.#to, what, { cause: isOpen ? cause : undefined, retriable: false });
    }
  }

  informational(): void {}

  head(head: ResponseHead): void {
    this.#head = head;
  }

  body(): void {}
}

/** Authority form, port always included (RFC 9112 §3.2.3). */
function connectHead({ authorization }: ProxySetting, { hostname, port }: Destination): string {
  const authority = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const credentials = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
}
