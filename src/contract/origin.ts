/**
 * Origin: scheme, host and port, the thing connections are shared by (RFC 9110 §4.3.1).
 * One spelling per origin: letter case, default ports and IDNA are settled here and nowhere else.
 */

import { excerpt, withoutCredentials } from "./excerpt.ts";

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
 * @throws {TypeError} when the URL does not parse, has another scheme or too long a name, or carries credentials.
 */
export function originOf(url: string | URL): Origin {
  // By its text: what the members of an object say ends up in a head, and a class of the caller's may say anything.
  return parsedOrigin(parseUrl(typeof url === "object" && url !== null && "href" in url ? url.href : url));
}

/** The longest name there is (RFC 1035 §2.3.4): beyond it nothing can be found, and errors would show all of it. */
export const MAX_HOSTNAME = 255;

/**
 * The origin of a URL from the URL parser.
 *
 * @throws {TypeError} like {@linkcode originOf}.
 */
export function parsedOrigin(parsed: URL): Origin {
  const scheme = parsed.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") {
    // The rest is not shown: of "user:secret@host", which is a URL too, it is the secret.
    throw new TypeError(`URL must start with http: or https:, not with ${excerpt(parsed.protocol)}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`URL must not carry credentials, use an Authorization header: "${redact(parsed)}"`);
  }
  if (parsed.hostname.length > MAX_HOSTNAME) {
    throw new TypeError(
      `URL must have a hostname of at most ${MAX_HOSTNAME} characters: current value is "${excerpt(parsed.hostname)}"`,
    );
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
  throw new TypeError(`URL must be absolute and valid: current value is "${withoutCredentials(text)}"`);
}

/**
 * The URL, or `undefined`. Not by `URL.canParse`: once optimised, Node 20.20's denies "http://bücher.example" (it takes
 * latin1 for UTF-8).
 */
export function tryParse(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The URL as an error may show it: credentials never reach a log. */
function redact(url: URL): string {
  return excerpt(`${url.protocol}//${url.host}${url.pathname}`);
}
