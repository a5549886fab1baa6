/** HTTP CONNECT: the negotiation of a tunnel with an HTTP proxy (RFC 9110 §9.3.6). */

import { HoldfastError, ProtocolError } from "../contract/errors.ts";
import { proxyReason } from "../contract/secrets.ts";
import type { TextCodec } from "../contract/transport.ts";
import type { ResponseHead, ResponseSink } from "../contract/wire.ts";
import { reasonOf } from "../http1/parse/fields.ts";
import { ResponseParser } from "../http1/parse/response-parser.ts";
import type { ResponseLimits } from "../options/options.ts";
import type { ProxySetting } from "../options/proxy.ts";
import { type Destination, MORE, type Negotiation, type NegotiationStep } from "./negotiation.ts";
import { proxyError } from "./proxy-errors.ts";

/** What the proxy's response is read with. */
export interface ResponseReading {
  readonly limits: Required<ResponseLimits>;
  readonly text: TextCodec;
}

/** Statuses of a refusal that may not last. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** One CONNECT request and its response. */
export class HttpConnect implements Negotiation, ResponseSink {
  readonly opening: Uint8Array;
  readonly #proxy: ProxySetting;
  readonly #to: Destination;
  readonly #purpose: string;
  readonly #parser: ResponseParser;
  #head: ResponseHead | undefined;

  /** `purpose`: what needs the tunnel, if that is not plain. Follows the word in errors. */
  constructor(proxy: ProxySetting, to: Destination, { limits, text }: ResponseReading, purpose = "") {
    this.#purpose = purpose;
    this.#proxy = proxy;
    this.#to = to;
    this.opening = new TextEncoder().encode(connectHead(proxy, to));
    this.#parser = new ResponseParser(limits, text);
    // Like a response to HEAD: the one that opens a tunnel has no body, whatever its fields say (RFC 9110 §9.3.6), and the
    // body of a refusal is not read.
    this.#parser.begin("HEAD", this);
  }

  feed(bytes: Uint8Array, length: number): NegotiationStep {
    const end = this.#read(bytes, length);
    if (this.#head === undefined) return MORE;
    const { status, text } = this.#head;
    if (status >= 200 && status < 300) return { openAt: end };
    const reason = proxyReason(reasonOf(text), this.#proxy.authorization);
    throw proxyError(
      this.#proxy,
      this.#to,
      `refused a tunnel${this.#purpose}: ${status} ${reason}`.trimEnd(),
      {
        status,
        retriable: TRANSIENT.has(status),
      },
    );
  }

  #read(bytes: Uint8Array, length: number): number {
    try {
      return this.#parser.feed(bytes, 0, length);
    } catch (cause) {
      if (!(cause instanceof HoldfastError)) throw cause;
      // A proxy may repeat the credentials in its response, and the error's excerpt may cut them anywhere.
      const canShow = this.#proxy.authorization === undefined || !(cause instanceof ProtocolError);
      const what = `gave an answer that is not HTTP/1.1: ${canShow ? cause.message : cause.fault}`;
      throw proxyError(this.#proxy, this.#to, what, { cause: canShow ? cause : undefined, retriable: false });
    }
  }

  interim(): void {}

  head(head: ResponseHead): void {
    this.#head = head;
  }

  body(): void {}
}

/** The request target is in authority form, always with a port (RFC 9112 §3.2.3). */
function connectHead({ authorization }: ProxySetting, { hostname, port }: Destination): string {
  const authority = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const credentials = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
}
