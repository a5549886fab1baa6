/** How the four families of clients that read `Keep-Alive` read it. */

import type { HintReader, HintSource } from "../rules/hints.ts";
import { decisiveValue } from "./connection-readers.ts";

/** The result of a reader: an idle time in ms, or the requests that are left. */
type Hint = ReturnType<HintReader>;

/** No idle time: the connection ends with this response. */
const AT_ONCE: Hint = { timeoutMs: 0 };

/** undici before 8.12: anywhere in the value, in lower case only. `idletimeout=9` counts as 9 s. */
export const UNDICI_ANYWHERE: RegExp = /timeout=(\d+)/;

/** undici since 8.12: only a parameter of that name, in any letter case. */
export const UNDICI_PARAMETER: RegExp = /(?:^|,)[\t ]*timeout=(\d+)/i;

/**
 * undici: the seconds that `pattern` finds, less `thresholdMs`, and at most `maxMs`. If nothing is left, the connection
 * ends. If `pattern` finds nothing, the idle time is `defaultMs`.
 */
export function undiciReader(
  pattern: RegExp,
  defaultMs: number,
  maxMs: number,
  thresholdMs: number,
): HintReader {
  return ({ keepAlive = "" }: HintSource): Hint => {
    const seconds = pattern.exec(keepAlive)?.[1];
    if (seconds === undefined) return { timeoutMs: defaultMs };
    const timeoutMs = Math.min(Number(seconds) * 1000 - thresholdMs, maxMs);
    return timeoutMs > 0 ? { timeoutMs } : AT_ONCE;
  };
}

/**
 * Node's Agent: `timeout=` and digits at the start of the value (so not in `max=5, timeout=5`), less `bufferMs`. The
 * value can only lower `ownMs`. An Agent without a timeout of its own ignores it, unless nothing is left, which ends
 * the connection.
 */
export function regexAtStart(ownMs: number, bufferMs: number): HintReader {
  return ({ keepAlive = "" }: HintSource): Hint => {
    const seconds = /^timeout=(\d+)/.exec(keepAlive)?.[1];
    if (seconds === undefined) return { timeoutMs: ownMs };
    const hintedMs = Number(seconds) * 1000 - bufferMs;
    if (hintedMs <= 0) return AT_ONCE;
    return { timeoutMs: ownMs === Infinity ? Infinity : Math.min(hintedMs, ownMs) };
  };
}

/** The range of a Java `long`. */
const LONG_BITS = 64;

/**
 * Apache HttpClient: elements of a list, with names in any letter case and values quoted or not. The first `timeout`
 * that is a Java `long` counts. **0 and less mean for ever**, as in `PoolEntry.updateExpiry`. Without one, it is
 * `defaultMs`. `wraps`: the milliseconds overflow as in 4.5; in 5.x they stop at the largest value.
 */
export function headerElements(defaultMs: number, wraps: boolean): HintReader {
  return ({ keepAlive = "" }: HintSource): Hint => {
    for (const element of keepAlive.split(",")) {
      const [, value] = /^\s*timeout\s*=\s*"?([^";]*)"?/i.exec(element) ?? [];
      const seconds = value === undefined ? undefined : longOf(value.trim());
      if (seconds !== undefined) return { timeoutMs: expiryMs(seconds, wraps) };
    }
    return { timeoutMs: defaultMs };
  };
}

/**
 * `Long.parseLong`: a sign and digits, within 64 bits. More than 19 digits do not fit, and parsing them would be
 * quadratic.
 */
function longOf(text: string): bigint | undefined {
  if (!/^[+-]?0*\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value === BigInt.asIntN(LONG_BITS, value) ? value : undefined;
}

function expiryMs(seconds: bigint, wraps: boolean): number {
  const ms = wraps ? BigInt.asIntN(LONG_BITS, seconds * 1000n) : seconds * 1000n;
  return ms > 0n ? Number(ms) : Infinity;
}

/** Settings of the JDK that its reader needs. */
export interface JdkDefaults {
  /** Idle time in ms if the server names none. */
  readonly serverMs: number;
  /** The same behind an HTTP proxy that reads the request. */
  readonly proxyMs: number;
  /** Whether `timeout=0` ends the connection (JDK-8291638) or is ignored. */
  readonly zeroCloses: boolean;
}

/** From here on, the milliseconds overflow a Java `int`: the idle time is negative, so the connection ends at once. */
const INT_OVERFLOW_SECONDS = 2_147_484;

/**
 * JDK HttpURLConnection: reads the header only if the last `Connection` line is exactly `keep-alive`. `max` is a
 * threshold, not a countdown: 0 and 1 end the connection, and higher values are ignored.
 */
export function jdkParser(defaults: JdkDefaults): HintReader {
  return ({ keepAlive = "", proxied, lines }: HintSource): Hint => {
    if (decisiveValue({ proxied, lines })?.trim().toLowerCase() !== "keep-alive")
      return { timeoutMs: defaults.serverMs };
    const max = findInt(keepAlive, "max");
    if (max === 0 || max === 1) return { remaining: 0 };
    return { timeoutMs: jdkIdleMs(findInt(keepAlive, "timeout"), defaults, proxied) };
  };
}

function jdkIdleMs(seconds: number | undefined, defaults: JdkDefaults, proxied: boolean): number {
  const { serverMs, proxyMs, zeroCloses } = defaults;
  if (seconds === undefined) return proxied ? proxyMs : serverMs;
  if (seconds === 0) return zeroCloses ? 0 : serverMs;
  return seconds >= INT_OVERFLOW_SECONDS ? 0 : seconds * 1000;
}

/** `HeaderParser.findInt`: parts end at a space or comma, so `timeout = 5` has no value. The first match counts. */
function findInt(value: string, name: string): number | undefined {
  for (const part of value.split(/[ ,]+/)) {
    const [key, text] = part.split("=");
    if (key?.toLowerCase() !== name) continue;
    const digits = /^"?\+?(\d+)"?$/.exec(text ?? "")?.[1];
    const number = digits === undefined ? -1 : Number(digits);
    return number < 0 || number > 2_147_483_647 ? undefined : number;
  }
  return undefined;
}
