/** Wire: what HTTP/1.1 remembers per connection: its parser, and what the server has announced on it. */

import type { ResponseLimits } from "../options.ts";
import {
  type HintReader,
  type KeepAliveHint,
  type MaxSeen,
  NO_MAX,
  parseKeepAlive,
  remainingRequests,
  watchMax,
} from "../rules/hints.ts";
import { NO_HINTS, type ServerHints } from "../rules/rules.ts";
import type { TextCodec } from "../transport.ts";
import type { ResponseHead } from "./head.ts";
import { ResponseParser } from "./response.ts";

/** The protocol's state of one connection. */
export class Wire {
  readonly parser: ResponseParser;
  #max: MaxSeen = NO_MAX;
  /** Most servers say the same on every response, so the last value read is kept with its meaning. */
  #lastValue: string | undefined;
  #lastHint: KeepAliveHint | undefined;

  constructor(limits: Required<ResponseLimits>, text: TextCodec) {
    this.parser = new ResponseParser(limits, text);
  }

  /**
   * What the server announces with this response, the `requests`-th on the connection. `ignored` is told of a
   * value that was not understood.
   */
  hints(
    head: ResponseHead,
    requests: number,
    mode: "honor" | "ignore" | HintReader,
    ignored: (value: string) => void,
  ): ServerHints {
    if (typeof mode === "function") {
      return { ...mode({ keepAlive: head.keepAlive, connection: head.connection, requests }), close: false };
    }
    if (mode === "ignore" || head.keepAlive === undefined) return NO_HINTS;
    const hint = this.#read(head.keepAlive);
    if (hint.flawed) ignored(head.keepAlive);
    this.#max = watchMax(this.#max, hint.max);
    return { close: false, timeoutMs: hint.timeoutMs, remaining: remainingRequests(this.#max, requests) };
  }

  #read(value: string): KeepAliveHint {
    if (this.#lastHint === undefined || value !== this.#lastValue) {
      this.#lastValue = value;
      this.#lastHint = parseKeepAlive(value);
    }
    return this.#lastHint;
  }
}
