/**
 * Excerpt: what an error may show of a text that a caller or a peer chose: not much of it, and no credentials. All of it
 * takes linear time.
 */

/** Characters shown of a text; longer ones are cut, and their length is told. */
const MOST = 120;

/** The start of a text, and how long it is where that is not all. */
export function excerpt(text: string, most: number = MOST): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}

/** A value in quotes, its control characters escaped. */
export function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(excerpt(value)) : excerpt(String(value));
}

/** What stands before a colon is a scheme if slashes follow, or if it is a known one; else it may be a user's name. */
const SCHEME = /^\s*(?:(?:https?|wss?|ftp|socks\w{0,3}):|[a-z][a-z\d+.-]*:(?=[/\\]))?[/\\]*/i;
const PORT = /^:(\d{0,5})(?=[/\\]|$)/;

/**
 * What is no URL, without what may be a secret in it: whatever stands before an `@`, a query and a fragment, and what
 * follows a colon that no port follows, for without its `@` that is where a password stands.
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
