/**
 * Environment: which proxy the environment names for an origin, by curl's rules (curl's manual, "Environment"): a
 * variable in lower case wins over the one in upper case, that of the scheme over `all_proxy`; an empty one is not set.
 */

import type { Origin } from "../contract/origin.ts";
import { type ProxySetting, proxyAt } from "../options/proxy.ts";
import { isExcepted } from "./no-proxy.ts";

/** Reads a variable. */
export type Env = (name: string) => string | undefined;

/** As curl has it: 1080 for whatever is not TLS. */
const PORTS = { http: 1080, https: 443, socks5: 1080 } as const;

/** What the environment says, read once. */
export interface ProxyEnvironment {
  readonly http: ProxySetting | undefined;
  readonly https: ProxySetting | undefined;
  readonly except: string;
}

/**
 * Reads the environment.
 *
 * @throws {TypeError} for a variable that is no proxy's URL; it names the variable, not its credentials.
 */
export function readEnvironment(env: Env): ProxyEnvironment {
  return {
    http: schemeProxy(env, "http"),
    https: schemeProxy(env, "https"),
    except: find(env, ["no_proxy", "NO_PROXY"])?.value ?? "",
  };
}

function schemeProxy(env: Env, scheme: "http" | "https"): ProxySetting | undefined {
  // Under CGI, HTTP_PROXY is what a client sent as a header `Proxy` (httpoxy, CVE-2016-5385). curl never reads it;
  // elsewhere it is what people set, so it counts there, as in Go and Python.
  const cgi = scheme === "http" && env("REQUEST_METHOD") !== undefined;
  const upper = cgi ? [] : [`${scheme.toUpperCase()}_PROXY`];
  const found = find(env, [`${scheme}_proxy`, ...upper, "all_proxy", "ALL_PROXY"]);
  if (found === undefined) return undefined;
  const url = found.value.includes("://") ? found.value : `http://${found.value}`;
  return proxyAt(url, found.name, PORTS);
}

function find(env: Env, names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env(name);
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

/** The proxy for an origin; `undefined`: none. */
export function environmentProxy(
  { http, https, except }: ProxyEnvironment,
  origin: Origin,
): ProxySetting | undefined {
  const proxy = origin.scheme === "https" ? https : http;
  return proxy === undefined || isExcepted(origin.hostname, except, origin.port) ? undefined : proxy;
}
