/**
 * Proxy environment: which proxy the environment variables name for an origin, by curl's rules (curl's manual,
 * "Environment"). A variable in lower case wins over one in upper case, and that of the scheme over `all_proxy`. An empty
 * variable counts as not set.
 */

import type { Origin } from "../contract/origin.ts";
import { type ProxySetting, proxyAt } from "../options/proxy.ts";
import { isExcepted } from "./no-proxy.ts";

/** Reads one variable. */
export type Env = (name: string) => string | undefined;

/** Default ports, as in curl: 1080 for a proxy without TLS. */
const PORTS = { http: 1080, https: 443, socks5: 1080 } as const;

/** The proxies of the environment, read once. */
export interface ProxyEnvironment {
  readonly http: ProxySetting | undefined;
  readonly https: ProxySetting | undefined;
  readonly except: string;
}

/**
 * Reads the environment.
 *
 * @throws {TypeError} for a variable that is not the URL of a proxy. The message names the variable, and never its credentials.
 */
export function readEnvironment(env: Env): ProxyEnvironment {
  return {
    http: schemeProxy(env, "http"),
    https: schemeProxy(env, "https"),
    except: find(env, ["no_proxy", "NO_PROXY"])?.value ?? "",
  };
}

function schemeProxy(env: Env, scheme: "http" | "https"): ProxySetting | undefined {
  // Under CGI, HTTP_PROXY is the client's `Proxy` header (httpoxy, CVE-2016-5385). curl never reads it. Outside CGI people
  // set it on purpose, and it counts, as in Go and Python.
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

/** The proxy for an origin; `undefined` for none. */
export function environmentProxy(
  { http, https, except }: ProxyEnvironment,
  origin: Origin,
): ProxySetting | undefined {
  const proxy = origin.scheme === "https" ? https : http;
  return proxy === undefined || isExcepted(origin.hostname, except, origin.port) ? undefined : proxy;
}
