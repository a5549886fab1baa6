/**
 * Connection tests: how systems read `Connection`, where they differ from RFC 9112 §9.3. What would mix up responses is
 * not for a test to allow; see `PersistenceTest`.
 */

import {
  type ConnectionOptions,
  type PersistenceFacts,
  type PersistenceTest,
  parseConnection,
  persists,
} from "../rules/persistence.ts";

/** Whether a token is in the list of one field line, in any letter case. */
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
 * hyper before 1.12 (reqwest, Deno): line by line. While the answer is "keep", a line is searched for `close` alone, while it is
 * "close" for `keep-alive` alone. So of two lines `close` and `keep-alive` the second wins.
 */
export const lineByLine: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  let keeps = minorVersion >= 1;
  for (const line of lines("connection"))
    keeps = keeps ? !hasToken(line, "close") : hasToken(line, "keep-alive");
  return keeps;
};

/** Bun, and llhttp: a HEAD that is answered without a length is taken for one whose body ends with the connection. */
export function isUnframedHead({ method, status, lines }: PersistenceFacts): boolean {
  if (method !== "HEAD" || status === 204 || status === 304) return false;
  return lines("content-length").length === 0 && lines("transfer-encoding").length === 0;
}

/**
 * llhttp (Node, undici): tokens of `Connection` and of `Proxy-Connection` alike. HTTP/1.1 persists unless there is
 * `close`; 1.0 persists if there is `keep-alive`, whatever else there is.
 */
export const eitherField: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  const { close, keepAlive } = parseConnection([...lines("connection"), ...lines("proxy-connection")].join());
  return minorVersion >= 1 ? !close : keepAlive;
};

/**
 * Chrome: the first token that is `keep-alive` or `close` decides, on any version, and `Proxy-Connection` is read after
 * `Connection` even where there is no proxy.
 */
export const firstToken: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean => {
  const tokens = [...lines("connection"), ...lines("proxy-connection")].join().split(",");
  const decisive = tokens.find((token) => isExactly(token, "keep-alive") || isExactly(token, "close"));
  return decisive === undefined ? minorVersion >= 1 : isExactly(decisive, "keep-alive");
};

/** java.net.http: only a first line that is `close` and nothing else ends it, on any version. */
export const firstLineIsClose: PersistenceTest = ({ lines }: PersistenceFacts): boolean =>
  !isExactly(lines("connection")[0], "close");

/** OkHttp: only a last line that is `close` and nothing else ends it, on any version. */
export const lastLineIsClose: PersistenceTest = ({ lines }: PersistenceFacts): boolean =>
  !isExactly(lines("connection").at(-1), "close");

/**
 * JDK HttpURLConnection: the last line as a whole. `keep-alive` keeps, on any version; on HTTP/1.1 any other value
 * ends the connection, even `Upgrade`. `Proxy-Connection` counts first where a proxy reads the request.
 */
export const wholeValue: PersistenceTest = (facts: PersistenceFacts): boolean => {
  const value = decisiveValue(facts);
  return value === undefined ? facts.minorVersion >= 1 : isExactly(value, "keep-alive");
};

/** The last `Connection` line, before which a proxy that reads the request has its `Proxy-Connection`. */
export function decisiveValue({
  proxied,
  lines,
}: Pick<PersistenceFacts, "proxied" | "lines">): string | undefined {
  const own = lines("connection").at(-1);
  return proxied ? (lines("proxy-connection").at(-1) ?? own) : own;
}

/** curl: text search, so that `not-closed` closes; on HTTP/1.0 a `keep-alive` anywhere keeps it. */
export const textSearch: PersistenceTest = ({ minorVersion, proxied, lines }: PersistenceFacts): boolean => {
  const own = lines("connection");
  const relayed = proxied ? lines("proxy-connection") : [];
  if (minorVersion === 0) return [...own, ...relayed].some((line) => containsText(line, "keep-alive"));
  return ![...own, ...relayed].some((line) => containsText(line, "close"));
};

/** Bun: by the standard, over all lines. */
export const allLines: PersistenceTest = (facts: PersistenceFacts): boolean =>
  !isUnframedHead(facts) && persists(facts.minorVersion, parseConnection(facts.lines("connection").join()));

/** nginx as a client: text search for `close`, and no HTTP/1.0 connection is ever kept. */
export const noTextClose: PersistenceTest = ({ minorVersion, lines }: PersistenceFacts): boolean =>
  minorVersion >= 1 && !lines("connection").some((line) => containsText(line, "close"));

/**
 * Apache HttpClient 4: by the standard, with two additions. `Proxy-Connection` counts where there is no `Connection`, and a
 * body must have either a transfer coding or exactly one `Content-Length`.
 */
export const oneLength: PersistenceTest = (facts: PersistenceFacts): boolean => {
  const { close, keepAlive } = ownOrProxyOptions(facts);
  return hasOneLength(facts) && !close && (facts.minorVersion >= 1 || keepAlive);
};

/** Apache HttpClient 5: as {@linkcode oneLength}, but on HTTP/1.0 a `keep-alive` keeps it, whatever else there is. */
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
