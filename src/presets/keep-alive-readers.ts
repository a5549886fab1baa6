/** Keep-Alive readers: how the four families of clients that look at `Keep-Alive` read it. */

import type { HintReader, HintSource } from "../rules/hints.ts";
import { decisiveValue } from "./connection-readers.ts";

/** Answers of a reader: an idle time in ms, or the requests that are left. */
type Hint = ReturnType<HintReader>;

/** No idle time: the connection ends with this response. */
const AT_ONCE: Hint = { timeoutMs: 0 };

/** undici before 8.12: anywhere in the value, letter case counts; `idletimeout=9` is taken for 9 s. */
export const UNDICI_ANYWHERE: RegExp = /timeout=(\d+)/;

/** undici since 8.12: a parameter of its own, in any letter case. */
export const UNDICI_PARAMETER: RegExp = /(?:^|,)[\t ]*timeout=(\d+)/i;

/**
 * undici: the seconds that `pattern` finds, less `thresholdMs`, at most `maxMs`. What leaves nothing ends the connection;
 * what is not there leaves `defaultMs`.
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
 * Node's Agent: `timeout=` and digits at the start of the value (`max=5, timeout=5` is not seen), less `bufferMs`. It
 * only lowers `ownMs`: with none of its own, the Agent parses the value and lets it go; what leaves nothing ends the
 * connection all the same.
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
 * Apache HttpClient: elements of a list, names in any letter case, values quoted or not; the first `timeout` that is a
 * Java `long` counts. **0 and negative mean for ever**, as in `PoolEntry.updateExpiry`. Without one: `defaultMs`.
 * `wraps`: milliseconds run over as in 4.5, where 5.x stops at the largest.
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

/** `Long.parseLong`: a sign and digits, within 64 bits. More than 19 would not fit, and cost their square. */
function longOf(text: string): bigint | undefined {
  if (!/^[+-]?0*\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value === BigInt.asIntN(LONG_BITS, value) ? value : undefined;
}

function expiryMs(seconds: bigint, wraps: boolean): number {
  const ms = wraps ? BigInt.asIntN(LONG_BITS, seconds * 1000n) : seconds * 1000n;
  return ms > 0n ? Number(ms) : Infinity;
}

/** Idle times and thresholds of the JDK, where the server names none. */
export interface JdkDefaults {
  /** Idle time, in ms; through an HTTP proxy that reads the request, `proxyMs`. */
  readonly serverMs: number;
  readonly proxyMs: number;
  /** Whether `timeout=0` ends the connection (JDK-8291638) or says nothing. */
  readonly zeroCloses: boolean;
}

/** Where 1000 times the seconds no longer fit a Java `int`, the idle time is negative, and over at once. */
const INT_OVERFLOW_SECONDS = 2_147_484;

/**
 * JDK HttpURLConnection: looks at the header only where the last `Connection` line is `keep-alive` and nothing else.
 * `max` is a threshold, not a budget: 0 and 1 end the connection, anything more says nothing, however often.
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

/** `HeaderParser.findInt`: parts end at a space or comma alone, so `timeout = 5` has no value; the first match counts. */
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
