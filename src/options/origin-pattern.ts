/**
 * Origin pattern: which origins an entry of the option `origins` is for. Hosts are one name, all names under one, or all; so of
 * two hosts that have an origin in common one has all of the other. Two patterns may still overlap, each wider than
 * the other in its own way: `https://*.example.com` and `*://api.example.com`.
 */

import { withoutCredentials } from "../contract/excerpt.ts";
import { type Origin, tryParse } from "../contract/origin.ts";

type Scheme = Origin["scheme"];

/** What an origin is matched by. */
export type Place = Pick<Origin, "scheme" | "hostname" | "port">;

/** A set of origins. */
export interface OriginPattern {
  /** As the user wrote it. */
  readonly text: string;
  /** By scheme, the port, or `"any"`. A scheme that is missing is not meant. */
  readonly ports: Readonly<Partial<Record<Scheme, number | "any">>>;
  /** One name, the end of many (`".example.com"`), or `"any"`. */
  readonly host: { readonly is: string } | { readonly under: string } | "any";
}

const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { http: 80, https: 443 };
const SCHEMES: readonly Scheme[] = ["http", "https"];

/**
 * Reads a pattern: `scheme://host[:port]`. The scheme may be `*` for both, the host `*` for any or `*.example.com` for the names
 * under it, and the port `*` for any; without a port it is that of the scheme.
 *
 * @throws {TypeError} that names the option and shows the pattern.
 */
export function originPattern(text: string): OriginPattern {
  const { scheme, host, port } = partsOf(text);
  const schemes = SCHEMES.filter((one) => scheme === "*" || scheme === one);
  const portOf = (one: Scheme): number | "any" => {
    if (port === "*") return "any";
    return port === "" ? DEFAULT_PORTS[one] : Number(port);
  };
  const ports = Object.fromEntries(schemes.map((one) => [one, portOf(one)]));
  if (host === "*") return { text, ports, host: "any" };
  const isUnder = host.startsWith("*.");
  const name = isUnder ? host.slice(2) : host;
  const hostname = hostnameOf(name, text);
  // All names under an address are none.
  if (isUnder && (name === "" || /^[\d.]+$/.test(hostname) || hostname.includes(":"))) throw wrong(text);
  return { text, ports, host: isUnder ? { under: `.${hostname}` } : { is: hostname } };
}

/** A name in the way that requests have it. */
function hostnameOf(name: string, text: string): string {
  const url = name.includes("*") ? undefined : tryParse(`http://${name}`);
  if (url === undefined) throw wrong(text);
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
}

/** The parts of a pattern as text. @throws {TypeError} */
function partsOf(text: string): { readonly scheme: string; readonly host: string; readonly port: string } {
  const at = text.indexOf("://");
  const scheme = text.slice(0, Math.max(0, at)).toLowerCase();
  const rest = text.slice(at + 3);
  if (at < 0 || (scheme !== "*" && scheme !== "http" && scheme !== "https")) throw wrong(text);
  const whole = rest.endsWith("/") ? rest.slice(0, -1) : rest;
  if (whole === "" || /[\s/?#@\\]/.test(whole)) throw wrong(text);
  const colon = whole.lastIndexOf(":");
  if (colon < 0 || whole.endsWith("]")) return { scheme, host: whole, port: "" };
  const port = whole.slice(colon + 1);
  if (port !== "*" && !(/^\d+$/.test(port) && Number(port) < 65_536)) throw wrong(text);
  return { scheme, host: whole.slice(0, colon), port };
}

function wrong(text: string): TypeError {
  return new TypeError(
    `origins has the key "${withoutCredentials(text)}": it must be an origin such as "https://api.example.com", or a pattern such as "https://*.example.com", "*://api.example.com" or "http://*:8080"`,
  );
}

/** Whether a pattern is for an origin. */
export function matches({ ports, host }: OriginPattern, { scheme, hostname, port }: Place): boolean {
  const own = ports[scheme];
  return (own === "any" || own === port) && hasHost(host, hostname);
}

function hasHost(host: OriginPattern["host"], hostname: string): boolean {
  if (host === "any") return true;
  return "is" in host ? host.is === hostname : hostname.endsWith(host.under);
}

/** Whether one pattern is for every origin that the other is for. */
export function covers(wide: OriginPattern, narrow: OriginPattern): boolean {
  return (
    coversHost(wide.host, narrow.host) &&
    SCHEMES.every((scheme) => {
      const [own, other] = [wide.ports[scheme], narrow.ports[scheme]];
      return other === undefined || own === "any" || own === other;
    })
  );
}

function coversHost(wide: OriginPattern["host"], narrow: OriginPattern["host"]): boolean {
  if (narrow === "any" || wide === "any") return wide === "any";
  if ("is" in narrow) return hasHost(wide, narrow.is);
  return "under" in wide && narrow.under.endsWith(wide.under);
}

/** Whether some origin is meant by both. */
export function overlap(one: OriginPattern, other: OriginPattern): boolean {
  if (!coversHost(one.host, other.host) && !coversHost(other.host, one.host)) return false;
  return SCHEMES.some((scheme) => {
    const [own, others] = [one.ports[scheme], other.ports[scheme]];
    return own !== undefined && others !== undefined && (own === others || own === "any" || others === "any");
  });
}
