/** Proxy options: what users say about a proxy, and the {@linkcode ProxySetting} it becomes. No error shows credentials. */

import { withoutCredentials } from "../contract/excerpt.ts";
import type { TlsTarget } from "../contract/transport.ts";
import { objectWith, oneOf, refuseUnknown, show, texts } from "./checks.ts";
import type { TlsOptions } from "./options.ts";

/** A proxy, and how to use it. */
export interface ProxyOptions {
  /**
   * `http://`, `https://` (TLS to the proxy) or `socks5://` (also written `socks://`), with a port (default: 80, 443 and 1080) and, if it asks
   * for them, `user:password@`. A SOCKS proxy always looks up names itself; `socks5h://` says the same.
   */
  readonly url: string | URL;
  /** Value of `Proxy-Authorization`, instead of `Basic` with the credentials of the URL. Not with SOCKS. */
  readonly authorization?: string;
  /** TLS to an `https://` proxy, independent of that to the origin. */
  readonly tls?: TlsOptions;
  /**
   * Whose are the connections on which an HTTP proxy reads the requests itself (`http:` origins): `"shared"` by all
   * origins, as in Go, curl and java.net.http, or of one `"origin"` each, as in Chrome. Tunnels are always of one.
   *
   * @default "shared"
   */
  readonly pooling?: "shared" | "origin";
}

/** A proxy as the code works with it. */
export interface ProxySetting {
  readonly kind: "http" | "https" | "socks5";
  /** The URL without credentials, for events and errors. */
  readonly shown: string;
  readonly hostname: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
  /** For SOCKS. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly tls: TlsTarget | undefined;
  readonly pooling: "shared" | "origin";
}

const KNOWN = { url: 0, authorization: 0, tls: 0, pooling: 0 } as const satisfies Record<
  keyof ProxyOptions,
  0
>;

const PORTS = { http: 80, https: 443, socks5: 1080 } as const;

/**
 * The proxy that an option means, `"env"`, or `false`. `tlsOf` checks TLS options.
 *
 * @throws {TypeError | RangeError} that names the option; never a credential.
 */
export function proxyOf(
  value: unknown,
  tlsOf: (value: TlsOptions) => TlsOptions,
): ProxySetting | "env" | false {
  if (value === false || value === "env") return value;
  if (typeof value === "string" || value instanceof URL) return proxyAt(String(value), "proxy", PORTS);
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `proxy must be a URL, an object with one, "env" or false: current value is ${show(value)}`,
    );
  }
  objectWith(value, "proxy", []);
  refuseUnknown(value, KNOWN, "proxy option");
  const { url, authorization, tls = {}, pooling = "shared" } = value as ProxyOptions;
  texts([authorization], "proxy.authorization");
  oneOf(pooling, "proxy.pooling", ["shared", "origin"]);
  const proxy = proxyAt(String(url ?? ""), "proxy.url", PORTS);
  if (authorization !== undefined) refuseLineEnds(authorization, proxy.kind);
  return {
    ...proxy,
    pooling,
    authorization: authorization ?? proxy.authorization,
    tls: proxy.kind === "https" ? tlsTarget(proxy.hostname, tlsOf(tls)) : undefined,
  };
}

function refuseLineEnds(authorization: string, kind: ProxySetting["kind"]): void {
  if (kind === "socks5")
    throw new RangeError("proxy.authorization must not be set for a SOCKS proxy: use user:password@");
  if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(authorization))
    throw new TypeError("proxy.authorization must not be empty or hold control characters");
}

/**
 * The proxy at a URL that came by `name`, an option or an environment variable.
 *
 * @throws {TypeError} that names it, and shows the URL without credentials.
 */
export function proxyAt(
  text: string,
  name: string,
  ports: Readonly<Record<ProxySetting["kind"], number>>,
): ProxySetting {
  const [, scheme = "", rest = ""] = /^(https?|socks(?:5h?)?):\/\/(.*)$/is.exec(text.trim()) ?? [];
  refuseUnsaid(text, rest, name);
  // As http: whatever it is, so that the URL parser settles the spelling of the hostname for all alike.
  const parsed = rest !== "" && URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined;
  if (parsed === undefined || parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== "") {
    throw new TypeError(
      `${name} must be a URL such as "http://user:password@proxy.example:3128" (http, https or socks5): current value is "${withoutCredentials(text)}"`,
    );
  }
  const kind = kindOf(scheme.toLowerCase());
  const port = portIn(rest, parsed.port) ?? ports[kind];
  const hostname = parsed.hostname.replace(/^\[|\]$/g, "");
  const credentials = credentialsOf(parsed, name);
  return {
    kind,
    hostname,
    port,
    credentials,
    shown: `${kind}://${parsed.hostname}:${port}`,
    authorization: kind === "socks5" || credentials === undefined ? undefined : basic(credentials),
    tls: kind === "https" ? tlsTarget(hostname, {}) : undefined,
    pooling: "shared",
  };
}

/**
 * What the URL parser would take for something else, without a word of what it is.
 *
 * @throws {TypeError}
 */
function refuseUnsaid(text: string, rest: string, name: string): void {
  if (/^\s*socks4a?:/i.test(text))
    throw new TypeError(
      `${name} is a SOCKS4 proxy, which is not spoken here: use socks5:// if it speaks SOCKS5`,
    );
  // Up to the last "@" it is credentials, whatever stands there: any of these would end them before.
  const raw = /[/?#\\]/.exec(rest.slice(0, Math.max(0, rest.lastIndexOf("@"))))?.[0];
  if (raw === undefined) return;
  const encoded = encodeURIComponent(raw);
  throw new TypeError(
    `${name} has a raw "${raw}" before its "@": in a user name or a password it must be percent-encoded, as ${encoded}`,
  );
}

function kindOf(scheme: string): ProxySetting["kind"] {
  // Desktops write socks:// for SOCKS5 into the environment (GNOME's ALL_PROXY).
  if (scheme.startsWith("socks")) return "socks5";
  return scheme === "https" ? "https" : "http";
}

/** The port as it was written: the parser drops an explicit 80. */
function portIn(rest: string, parsed: string): number | undefined {
  if (parsed !== "") return Number(parsed);
  return /^(?:[^/?#]*@)?[^/?#@]*:0*80(?:[/?#]|$)/.test(rest) ? 80 : undefined;
}

function credentialsOf({ username, password }: URL, name: string): ProxySetting["credentials"] {
  if (username === "" && password === "") return undefined;
  const [user, word] = [decoded(username), decoded(password)];
  if (user !== undefined && word !== undefined) return { username: user, password: word };
  throw new TypeError(`${name} has credentials that are not percent-encoded UTF-8`);
}

/** `undefined` if it cannot be: the runtime's own error would hold what it was. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** RFC 7617, with UTF-8. */
function basic({ username, password }: { username: string; password: string }): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

function tlsTarget(
  hostname: string,
  { ca, cert, key, serverName, rejectUnauthorized }: TlsOptions,
): TlsTarget {
  return {
    serverName: serverName ?? hostname.replace(/\.$/, ""),
    ca: typeof ca === "string" ? [ca] : ca,
    cert,
    key,
    verify: rejectUnauthorized ?? true,
    alpn: ["http/1.1"],
  };
}
