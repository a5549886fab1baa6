/**
 * Origin: scheme, host and port (RFC 9110 §4.3.1). Requests to the same origin share connections. Letter case, default
 * ports and IDNA are normalised here and nowhere else.
 */

import { excerpt, withoutCredentials } from "./excerpt.ts";
import type { Socket, SocketHandler, TlsVersion } from "./transport.ts";

/** TLS options of one origin. Those that are set replace the pool's. */
export interface OriginTls {
  /** Certificate authorities to trust, as PEM. */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, as PEM. */
  readonly cert?: string;
  /** Its private key, as PEM. */
  readonly key?: string;
  /** Both as PKCS #12. */
  readonly pfx?: Uint8Array;
  /** Decrypts `key` or `pfx`. */
  readonly passphrase?: string;
  /** Lowest version of TLS. */
  readonly minVersion?: TlsVersion;
  /** Highest version of TLS. */
  readonly maxVersion?: TlsVersion;
  /** Ciphers to offer, as OpenSSL writes them. */
  readonly ciphers?: string;
  /** Name to send and to verify. */
  readonly serverName?: string;
  /** `false` accepts any certificate. */
  readonly rejectUnauthorized?: boolean;
}

/** How the connections of an origin are opened, where its requests say more of that than the pool's options. */
export interface OriginRoute {
  /** By a Unix socket. */
  readonly unixPath?: string;
  /** With these TLS options. */
  readonly tls?: OriginTls;
  /** Opens them itself: no proxy, transport or TLS option of the pool has a say. See {@linkcode Transport.connect}. */
  readonly open?: (handler: SocketHandler, signal: AbortSignal) => Promise<Socket>;
}

/** A normalised origin. Two URLs share connections only if their `key` is equal. */
export interface Origin {
  /** `"https://api.example.com"`, with the port only if it is not the default. */
  readonly key: string;
  /** The scheme without its colon. */
  readonly scheme: "http" | "https";
  /** The name or address to connect to and verify: without port, and without brackets around IPv6. */
  readonly hostname: string;
  /** The port, with 80 and 443 filled in. */
  readonly port: number;
  /** The value of `Host` (RFC 9110 §7.2). */
  readonly host: string;
  /** Its connections are for upgrades: see {@linkcode upgradeOriginOf}. */
  readonly upgrades?: true;
  /** Its connections are for requests that ask for this: see {@linkcode originOver}. */
  readonly http2?: Http2Mode;
  /** The origin of the URL, where the connections of this one are apart from those. */
  readonly base?: Origin;
  /** It stands for a proxy, and its connections carry the requests of several origins. */
  readonly isProxy?: true;
  /** How its connections are opened, if that is not for the options to say: see {@linkcode variantOf}. */
  readonly route?: OriginRoute;
}

/**
 * The same server by connections that are opened in a way of their own, and speak HTTP/1.1. `name` stands before the key: letters
 * and a number.
 */
export function variantOf(origin: Origin, name: string, route: OriginRoute): Origin {
  return { ...origin, key: `${name}+${origin.key}`, base: origin.base ?? origin, http2: false, route };
}

const upgradeOrigins: WeakMap<Origin, Origin> = new WeakMap();

/**
 * The origin whose connections carry the upgrades of another. They are apart from the others, because an upgrade needs
 * HTTP/1.1 (RFC 9113 §8.6), a tunnel through every proxy, and a socket whose directions end one by one. No URL has its key.
 */
export function upgradeOriginOf(origin: Origin): Origin {
  let own = upgradeOrigins.get(origin);
  if (own === undefined) {
    own = { ...origin, key: upgradeKeyOf(origin.key), upgrades: true, base: origin.base ?? origin };
    upgradeOrigins.set(origin, own);
  }
  return own;
}

/** The key of the origin whose connections carry the upgrades of the origin with `key`. */
export function upgradeKeyOf(key: string): string {
  return `upgrade+${key}`;
}

/** Whether HTTP/2 is spoken: the option `http2`. */
export type Http2Mode = "alpn" | "prior-knowledge" | false;

const SPEAKING = { alpn: "alpn", "prior-knowledge": "h2" } as const;

/** What the requests to an origin speak by a mode: without TLS there is no ALPN. */
function speakingOf({ scheme }: Origin, mode: Http2Mode): "alpn" | "h2" | "http1" {
  return mode === false || (mode === "alpn" && scheme === "http") ? "http1" : SPEAKING[mode];
}

const originsOver: WeakMap<Origin, Map<Http2Mode, Origin>> = new WeakMap();

/**
 * The origin whose connections carry the requests of another that want HTTP/2 in their own way: they must not share connections
 * with those that want it otherwise. No URL has its key.
 */
export function originOver(origin: Origin, http2: Http2Mode): Origin {
  const known = originsOver.get(origin) ?? new Map<Http2Mode, Origin>();
  let own = known.get(http2);
  if (own === undefined) {
    own = {
      ...origin,
      key: `${speakingOf(origin, http2)}+${origin.key}`,
      http2,
      base: origin.base ?? origin,
    };
    originsOver.set(origin, known.set(http2, own));
  }
  return own;
}

/** Whether requests to an origin speak the same by two modes. */
export function isSameHttp2(origin: Origin, one: Http2Mode, other: Http2Mode): boolean {
  return speakingOf(origin, one) === speakingOf(origin, other);
}

/** The keys of the origins whose connections carry requests of the origin with `key` apart from its others. */
export function keysBeside(key: string): string[] {
  return [upgradeKeyOf(key), ...["http1", "h2", "alpn"].map((speaking) => `${speaking}+${key}`)];
}

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/**
 * The origin of an absolute `http:` or `https:` URL.
 *
 * @throws {TypeError} if the URL is invalid, has another scheme or a hostname that is too long, or carries credentials.
 */
export function originOf(url: string | URL): Origin {
  // Parse `href` again instead of trusting the object's other members: they end up in the request head, and a caller's
  // subclass may return anything.
  return parsedOrigin(parseUrl(typeof url === "object" && url !== null && "href" in url ? url.href : url));
}

/** The longest hostname (RFC 1035 §2.3.4). A longer one cannot be resolved, and errors would show all of it. */
export const MAX_HOSTNAME = 255;

/** The URL is valid, but no pool speaks its scheme: to the standard's fetch, that is a failure of the network. */
export class SchemeError extends TypeError {}

/**
 * The origin of a parsed URL.
 *
 * @throws {TypeError} like {@linkcode originOf}.
 */
export function parsedOrigin(parsed: URL): Origin {
  const scheme = parsed.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") {
    // Show the scheme only: "user:secret@host" parses as a URL too, and the rest of it holds the secret.
    throw new SchemeError(`URL must start with http: or https:, not with ${excerpt(parsed.protocol)}`);
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

/** Parses an absolute URL. @throws {TypeError} if it is invalid; the message shows no credentials. */
export function parseUrl(url: unknown): URL {
  const text = String(url);
  const parsed = tryParse(text);
  if (parsed !== undefined) return parsed;
  // No cause, because the runtime's error contains the URL with its credentials.
  throw new TypeError(`URL must be absolute and valid: current value is "${withoutCredentials(text)}"`);
}

/**
 * Parses a URL; `undefined` if it is invalid. `URL.canParse` is not used: on Node 20.20 its optimised version mistakes
 * latin1 for UTF-8 and rejects "http://bücher.example".
 */
export function tryParse(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The URL as an error may show it, without credentials and query. */
function redact(url: URL): string {
  return excerpt(`${url.protocol}//${url.host}${url.pathname}`);
}
