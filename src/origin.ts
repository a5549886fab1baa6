/**
 * Origin: scheme, host and port, the thing connections are shared by (RFC 9110 §4.3.1).
 * One spelling per origin: letter case, default ports and IDNA are settled here and nowhere else.
 */

/** A canonical origin. Two URLs share connections only if their `key` is the same. */
export interface Origin {
  /** `"https://api.example.com"`, with the port only where it is not the default. */
  readonly key: string;
  /** The scheme without its colon. */
  readonly scheme: "http" | "https";
  /** What to connect to and verify: no brackets around IPv6, no port. */
  readonly hostname: string;
  /** Always a number: 80 and 443 are filled in. */
  readonly port: number;
  /** The value of `Host` (RFC 9110 §7.2). */
  readonly host: string;
}

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/**
 * The origin of an absolute `http:` or `https:` URL.
 *
 * @throws {TypeError} when the URL does not parse, has another scheme, or carries credentials.
 */
export function originOf(url: string | URL): Origin {
  const parsed = typeof url === "object" && url !== null ? url : parseUrl(url);
  const scheme = parsed.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") {
    // The rest is not shown: of "user:secret@host", which is a URL too, it is the secret.
    throw new TypeError(`URL must start with http: or https:, not with ${parsed.protocol}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`URL must not carry credentials, use an Authorization header: "${redact(parsed)}"`);
  }
  return {
    key: `${scheme}://${parsed.host}`,
    scheme,
    hostname: parsed.hostname.startsWith("[") ? parsed.hostname.slice(1, -1) : parsed.hostname,
    port: parsed.port === "" ? DEFAULT_PORT[scheme] : Number(parsed.port),
    host: parsed.host,
  };
}

/** The URL. @throws {TypeError} when it does not parse, without what may be a secret in it. */
export function parseUrl(url: unknown): URL {
  const text = String(url);
  const parsed = tryParse(text);
  if (parsed !== undefined) return parsed;
  // No cause: the runtime's own error holds the URL as it was written.
  throw new TypeError(`URL must be absolute and valid: current value is "${redactText(text)}"`);
}

/** Not by `URL.canParse`: once optimised, Node 20.20's denies "http://bücher.example" (it takes latin1 for UTF-8). */
function tryParse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The URL as an error may show it: credentials never reach a log. */
function redact(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The same for what is not a URL: whatever stands before an `@`, and a query, is left out. */
function redactText(text: string): string {
  return text.replace(/^(.*?\/\/)?.*@/s, "$1").replace(/[?#].*$/s, "");
}
