/**
 * How systems read `Connection`, where they differ from RFC 9112 §9.3. A reader cannot keep a connection whose framing
 * would mix up responses; see `PersistenceTest`.
 */

import {
  type ConnectionOptions,
  type PersistenceFacts,
  type PersistenceTest,
  parseConnection,
  persists,
} from "../rules/persistence.ts";

/** Whether the list of one field line has a token, in any letter case. */
function hasToken(line: string, token: string): boolean {
  const { close, keepAlive } = parseConnection(line);
  return token === "close" ? close : keepAlive;
}

function containsText(line: string, text: string): boolean {
  return line.toLowerCase().includes(text);
}

function isExactly(line: string | undefined, text: string): boolean {
  return line?.trim().toLowerCase() === text;
}

/**
 * hyper before 1.12 (reqwest, Deno): line by line. While the result is "keep", a line is searched only for `close`.
 * While it is "close", a line is searched only for `keep-alive`. So if one line says `close` and the next `keep-alive`,
 * the second wins.
 */
export const lineByLine: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  let keeps = minorVersion >= 1;
  for (const line of lines("connection"))
    keeps = keeps ? !hasToken(line, "close") : hasToken(line, "keep-alive");
  return keeps;
};

/** Bun and llhttp: a response to HEAD without a length is treated as one whose body ends with the connection. */
export function isUnframedHead({ method, status, lines }: PersistenceFacts): boolean {
  if (method !== "HEAD" || status === 204 || status === 304) return false;
  return lines("content-length").length === 0 && lines("transfer-encoding").length === 0;
}

/**
 * llhttp (Node, undici): the tokens of `Connection` and `Proxy-Connection` together. HTTP/1.1 persists unless there is
 * `close`. HTTP/1.0 persists if there is `keep-alive`, even beside `close`.
 */
export const eitherField: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  const { close, keepAlive } = parseConnection([...lines("connection"), ...lines("proxy-connection")].join());
  return minorVersion >= 1 ? !close : keepAlive;
};

/**
 * Chrome: the first token that is `keep-alive` or `close` decides, on any version. `Proxy-Connection` is read after
 * `Connection`, even without a proxy.
 */
export const firstToken: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  const tokens = [...lines("connection"), ...lines("proxy-connection")].join().split(",");
  const decisive = tokens.find((token) => isExactly(token, "keep-alive") || isExactly(token, "close"));
  return decisive === undefined ? minorVersion >= 1 : isExactly(decisive, "keep-alive");
};

/** java.net.http: only a first line that is exactly `close` ends the connection, on any version. */
export const firstLineIsClose: PersistenceTest = ({ lines }: PersistenceFacts): boolean =>
  !isExactly(lines("connection")[0], "close");

/** OkHttp: only a last line that is exactly `close` ends the connection, on any version. */
export const lastLineIsClose: PersistenceTest = ({ lines }: PersistenceFacts): boolean =>
  !isExactly(lines("connection").at(-1), "close");

/**
 * JDK HttpURLConnection: the whole value of the last line. `keep-alive` keeps the connection, on any version. Any other
 * value ends it, even `Upgrade`. Behind a proxy that reads the request, `Proxy-Connection` takes precedence.
 */
export const wholeValue: PersistenceTest = (facts: PersistenceFacts): boolean => {
  const value = decisiveValue(facts);
  return value === undefined ? facts.minorVersion >= 1 : isExactly(value, "keep-alive");
};

/**
 * The last `Connection` line. Behind a proxy that reads the request, the last `Proxy-Connection` line if there is one.
 */
export function decisiveValue({
  proxied,
  lines,
}: Pick<PersistenceFacts, "proxied" | "lines">): string | undefined {
  const own = lines("connection").at(-1);
  return proxied ? (lines("proxy-connection").at(-1) ?? own) : own;
}

/** curl: a text search, so `not-closed` closes. On HTTP/1.0 the text `keep-alive` anywhere keeps the connection. */
export const textSearch: PersistenceTest = ({ minorVersion, proxied, lines }: PersistenceFacts): boolean => {
  const own = lines("connection");
  const relayed = proxied ? lines("proxy-connection") : [];
  if (minorVersion === 0) return [...own, ...relayed].some((line) => containsText(line, "keep-alive"));
  return ![...own, ...relayed].some((line) => containsText(line, "close"));
};

/** Bun: as RFC 9112 says, over all lines, except for an unframed response to HEAD. */
export const allLines: PersistenceTest = (facts: PersistenceFacts): boolean =>
  !isUnframedHead(facts) && persists(facts.minorVersion, parseConnection(facts.lines("connection").join()));

/** nginx as a client: a text search for `close`. HTTP/1.0 connections are never kept. */
export const noTextClose: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean =>
  minorVersion >= 1 && !lines("connection").some((line) => containsText(line, "close"));

/**
 * Apache HttpClient 4: as RFC 9112 says, with two additions. `Proxy-Connection` counts if there is no `Connection`. A
 * body must have either a transfer coding or exactly one `Content-Length`.
 */
export const oneLength: PersistenceTest = (facts: PersistenceFacts): boolean => {
  const { close, keepAlive } = ownOrProxyOptions(facts);
  return hasOneLength(facts) && !close && (facts.minorVersion >= 1 || keepAlive);
};

/**
 * Apache HttpClient 5: as {@linkcode oneLength}, but on HTTP/1.0 a `keep-alive` keeps the connection even beside
 * `close`.
 */
export const oneLengthOr10: PersistenceTest = (facts: PersistenceFacts): boolean => {
  const { close, keepAlive } = ownOrProxyOptions(facts);
  return hasOneLength(facts) && (facts.minorVersion >= 1 ? !close : keepAlive);
};

function ownOrProxyOptions({ lines }: PersistenceFacts): ConnectionOptions {
  const own = lines("connection");
  return parseConnection((own.length > 0 ? own : lines("proxy-connection")).join());
}

function hasOneLength({ method, status, lines }: PersistenceFacts): boolean {
  const lengths = lines("content-length");
  const coded = lines("transfer-encoding").length > 0;
  if (status === 204) return !coded && (lengths.length === 0 || Number(lengths[0]) === 0);
  if (method === "HEAD" || status === 304) return true;
  return coded || lengths.length === 1;
}
