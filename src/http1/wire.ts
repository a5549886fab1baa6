/** Wire: what HTTP/1.1 remembers per connection: its parser, and what the server has announced on it. */

import type { Alloc, TextCodec } from "../contract/transport.ts";
import type { ResponseLimits } from "../options/options.ts";
import {
  type HintReader,
  type HintSource,
  type KeepAliveHint,
  type MaxSeen,
  NO_MAX,
  parseKeepAlive,
  remainingRequests,
  watchMax,
} from "../rules/hints.ts";
import { NO_HINTS, type ServerHints } from "../rules/rules.ts";
import { linesOf } from "./parse/fields.ts";
import type { ResponseHead } from "./parse/head.ts";
import { ResponseParser } from "./parse/response-parser.ts";
import { LastHead } from "./send/request-head.ts";

/** What a server announced with one response. */
export interface WireHints extends ServerHints {
  /** The `Keep-Alive` value, where it was not understood. */
  readonly ignored?: string | undefined;
}

/** The protocol's state of one connection. */
export class Wire {
  readonly parser: ResponseParser;
  readonly text: TextCodec;
  readonly alloc: Alloc;
  readonly bodyBytes: number;
  readonly lastHead: LastHead = new LastHead();
  #max: MaxSeen = NO_MAX;
  /** Most servers say the same on every response, so the last value read is kept with its meaning. */
  #lastValue: string | undefined;
  #lastHint: KeepAliveHint | undefined;

  constructor(limits: Required<ResponseLimits>, text: TextCodec, alloc: Alloc) {
    this.parser = new ResponseParser(limits, text);
    this.text = text;
    this.alloc = alloc;
    this.bodyBytes = limits.bodyBytes;
  }

  /** What the server announces with this response, the `requests`-th on the connection. */
  hints(
    head: ResponseHead,
    requests: number,
    mode: "honor" | "ignore" | HintReader,
    proxied: boolean,
  ): WireHints {
    if (mode === "ignore") return NO_HINTS;
    if (typeof mode === "function")
      return ask(mode, head, { requests, proxied }) ?? { ...NO_HINTS, ignored: head.keepAlive ?? "" };
    const { keepAlive } = head;
    // A response without the header leaves what was said of `max` in force: the next request counts against it.
    if (keepAlive === undefined && this.#max.max === undefined) return NO_HINTS;
    const hint = keepAlive === undefined ? undefined : this.#read(keepAlive);
    this.#max = watchMax(this.#max, hint?.max);
    const remaining = remainingRequests(this.#max, requests);
    const ignored = hint?.flawed === true ? keepAlive : undefined;
    return { close: false, timeoutMs: hint?.timeoutMs, remaining, ignored };
  }

  #read(value: string): KeepAliveHint {
    if (this.#lastHint === undefined || value !== this.#lastValue) {
      this.#lastValue = value;
      this.#lastHint = parseKeepAlive(value);
    }
    return this.#lastHint;
  }
}

/** Runs the user's reader in the socket's callback, where nothing may be thrown. `undefined`: it got it wrong. */
function ask(
  read: HintReader,
  head: ResponseHead,
  facts: Pick<HintSource, "requests" | "proxied">,
): ServerHints | undefined {
  const { keepAlive, connection, minorVersion } = head;
  try {
    const lines = linesOf(head.text);
    const { timeoutMs, remaining } = read({ ...facts, keepAlive, connection, minorVersion, lines });
    if (isAmount(timeoutMs) && isAmount(remaining)) return { close: false, timeoutMs, remaining };
  } catch {
    // Told like any other answer that cannot be used.
  }
  return undefined;
}

function isAmount(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value >= 0);
}
