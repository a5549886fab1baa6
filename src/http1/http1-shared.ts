/**
 * What all HTTP/1.1 connections to one origin share, so that an idle one has little: parsers, which a connection needs only from
 * the first byte of a response to the last, and the values that were read and written last.
 */

import type { Alloc, TextCodec } from "../contract/transport.ts";
import type { ResponseLimits } from "../options/options.ts";
import { type KeepAliveHint, parseKeepAlive } from "../rules/hints.ts";
import { ResponseParser } from "./parse/response-parser.ts";
import { LastHead } from "./send/request-head.ts";

/** How many unused parsers are kept. Most responses come in one piece, and then one parser serves all connections. */
const MAX_SPARE = 64;

/** Shared by the wires of one origin. */
export class Http1Shared {
  readonly limits: Required<ResponseLimits>;
  readonly text: TextCodec;
  readonly alloc: Alloc;
  readonly lastHead: LastHead = new LastHead();
  /** The parser that serves most responses, while nobody uses it. */
  #usual: ResponseParser | undefined = undefined;
  readonly #spare: ResponseParser[] = [];
  /** The last `Keep-Alive` value, parsed. Most servers send the same value with every response. */
  #lastValue: string | undefined = undefined;
  #parsedValue: KeepAliveHint | undefined = undefined;

  constructor(limits: Required<ResponseLimits>, text: TextCodec, alloc: Alloc) {
    this.limits = limits;
    this.text = text;
    this.alloc = alloc;
  }

  /** A parser that nobody else uses. */
  takeParser(): ResponseParser {
    const usual = this.#usual;
    if (usual === undefined) return this.#spare.pop() ?? new ResponseParser(this.limits, this.text);
    this.#usual = undefined;
    return usual;
  }

  /** The response was read. One that was left before its end is not given back: nobody needs to know how far it had come. */
  giveParser(parser: ResponseParser): void {
    if (!parser.complete) return;
    if (this.#usual === undefined) this.#usual = parser;
    else if (this.#spare.length < MAX_SPARE) this.#spare.push(parser);
  }

  /** Parses a `Keep-Alive` value. */
  hintOf(value: string): KeepAliveHint {
    if (this.#parsedValue === undefined || value !== this.#lastValue) {
      this.#lastValue = value;
      this.#parsedValue = parseKeepAlive(value);
    }
    return this.#parsedValue;
  }
}
