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

/** Is told of a value that was not understood, and on what connection it came. */
interface HintListener<Connection> {
  hintIgnored(connection: Connection, value: string): void;
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
  hints<Connection extends { readonly proxied: boolean }>(
    head: ResponseHead,
    requests: number,
    mode: "honor" | "ignore" | HintReader,
    connection: Connection,
    listener: HintListener<Connection>,
  ): ServerHints {
    if (mode === "ignore") return NO_HINTS;
    if (typeof mode === "function") {
      const hints = ask(mode, head, { requests, proxied: connection.proxied });
      if (hints === undefined) listener.hintIgnored(connection, head.keepAlive ?? "");
      return hints ?? NO_HINTS;
    }
    const { keepAlive } = head;
    // A response without the header leaves what was said of `max` in force: the next request counts against it.
    if (keepAlive === undefined && this.#max.max === undefined) return NO_HINTS;
    const hint = keepAlive === undefined ? undefined : this.#read(keepAlive);
    if (keepAlive !== undefined && hint?.flawed === true) listener.hintIgnored(connection, keepAlive);
    this.#max = watchMax(this.#max, hint?.max);
    return { close: false, timeoutMs: hint?.timeoutMs, remaining: remainingRequests(this.#max, requests) };
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
