/**
 * Excerpt: the part of a caller's or peer's text that an error may show. It is short and free of credentials. Every
 * function here takes linear time.
 */

/** Characters shown of a text. */
const MOST = 120;

/** The start of a text. If the text is cut, its length follows. */
export function excerpt(text: string, most: number = MOST): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}

/** A value for a message: strings in quotes, with control characters escaped. */
export function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(excerpt(value)) : excerpt(String(value));
}

/** The text before a colon is a scheme if it is a known one or if slashes follow. Otherwise it may be a user name. */
const SCHEME = /^\s*(?:(?:https?|wss?|ftp|socks\w{0,3}):|[a-z][a-z\d+.-]*:(?=[/\\]))?[/\\]*/i;
const PORT = /^:(\d{0,5})(?=[/\\]|$)/;

/**
 * An invalid URL without its possible secrets. Removed are everything before an `@`, the query and the fragment, and the
 * text after a colon unless it is a port: if the `@` is missing, a password may stand there.
 */
export function withoutCredentials(text: string): string {
  const at = text.lastIndexOf("@");
  const slashes = text.indexOf("//");
  const prefix = slashes >= 0 && slashes < at ? text.slice(0, slashes + 2) : "";
  const bare = at < 0 ? text : prefix + text.slice(at + 1);
  const query = bare.search(/[?#]/);
  return excerpt(withoutPassword(query < 0 ? bare : bare.slice(0, query)));
}

function withoutPassword(text: string): string {
  const start = SCHEME.exec(text)?.[0].length ?? 0;
  const host = text[start] === "[" ? text.indexOf("]", start) : start;
  if (host < 0) return `${text.slice(0, start)}[…`;
  const colon = text.indexOf(":", host);
  if (colon < 0) return text;
  const port = PORT.exec(text.slice(colon, colon + 7))?.[1];
  const rest = colon + 1 + (port?.length ?? 0);
  if (port === undefined || Number(port) > 65_535 || text.includes(":", rest))
    return `${text.slice(0, colon)}:…`;
  return text;
}
