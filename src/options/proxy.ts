/**
 * Proxy: checks the `proxy` option and parses proxy URLs into a {@linkcode ProxySetting}. No error shows credentials.
 */

import { withoutCredentials } from "../contract/excerpt.ts";
import type { TlsTarget } from "../contract/transport.ts";
import { objectWith, oneOf, refuseUnknown, show, texts } from "./checks.ts";
import type { ProxyOptions, TlsOptions } from "./options.ts";
import { tlsTargetOf } from "./tls.ts";

/** A proxy, checked and parsed. */
export interface ProxySetting {
  readonly kind: "http" | "https" | "socks5";
  /** The URL without credentials, for events and errors. */
  readonly shown: string;
  readonly hostname: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
  /** User name and password, for SOCKS. */
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
 * Checks the `proxy` option. `tlsOf` checks TLS options.
 *
 * @throws {TypeError | RangeError} that names the option and never shows a credential.
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
    tls: proxy.kind === "https" ? tlsTargetOf(proxy.hostname, tlsOf(tls)) : undefined,
  };
}

function refuseLineEnds(authorization: string, kind: ProxySetting["kind"]): void {
  if (kind === "socks5")
    throw new RangeError("proxy.authorization must not be set for a SOCKS proxy: use user:password@");
  if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(authorization))
    throw new TypeError("proxy.authorization must not be empty or contain control characters");
}

/**
 * Parses a proxy URL. `name` is the option or the environment variable that holds it.
 *
 * @throws {TypeError} that names it and shows the URL without credentials.
 */
export function proxyAt(
  text: string,
  name: string,
  ports: Readonly<Record<ProxySetting["kind"], number>>,
): ProxySetting {
  const [, scheme = "", rest = ""] = /^(https?|socks(?:5h?)?):\/\/(.*)$/is.exec(text.trim()) ?? [];
  refuseMisread(text, rest, name);
  // Parsed as http: for every kind, because the URL parser normalises hostnames of special schemes only.
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
    tls: kind === "https" ? tlsTargetOf(hostname, {}) : undefined,
    pooling: "shared",
  };
}

/**
 * Refuses URLs that the URL parser would silently misread.
 *
 * @throws {TypeError}
 */
function refuseMisread(text: string, rest: string, name: string): void {
  if (/^\s*socks4a?:/i.test(text))
    throw new TypeError(
      `${name} is a SOCKS4 proxy, which is not supported: use socks5:// if it speaks SOCKS5`,
    );
  // Everything before the last "@" is meant as credentials. The parser would end the authority at these characters.
  const raw = /[/?#\\]/.exec(rest.slice(0, Math.max(0, rest.lastIndexOf("@"))))?.[0];
  if (raw === undefined) return;
  const encoded = encodeURIComponent(raw);
  throw new TypeError(
    `${name} has a raw "${raw}" before its "@": in a user name or password it must be percent-encoded as ${encoded}`,
  );
}

function kindOf(scheme: string): ProxySetting["kind"] {
  // GNOME sets ALL_PROXY to socks:// and means SOCKS5.
  if (scheme.startsWith("socks")) return "socks5";
  return scheme === "https" ? "https" : "http";
}

/** The port in the URL. The parser drops an explicit 80, because it parses every URL as http:. */
function portIn(rest: string, parsed: string): number | undefined {
  if (parsed !== "") return Number(parsed);
  return /^(?:[^/?#]*@)?[^/?#@]*:0*80(?:[/?#]|$)/.test(rest) ? 80 : undefined;
}

function credentialsOf({ username, password }: URL, name: string): ProxySetting["credentials"] {
  if (username === "" && password === "") return undefined;
  const [user, pass] = [decoded(username), decoded(password)];
  if (user !== undefined && pass !== undefined) return { username: user, password: pass };
  throw new TypeError(`${name} has credentials that are not percent-encoded UTF-8`);
}

/** `undefined` if it is malformed. The runtime's own error is not used, because it would show the credentials. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Basic authentication with UTF-8 (RFC 7617 §2.1). */
function basic({ username, password }: { username: string; password: string }): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}
