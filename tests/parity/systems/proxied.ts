/** Systems that send requests through an HTTP proxy, which changes their rules for reuse and header fields. */

import { curl } from "./curl.ts";
import { apacheHttpClient5, jdk, jdkHttpClient } from "./java.ts";
import { bunFetch, denoFetch } from "./javascript.ts";
import { go, reqwest } from "./native.ts";
import type { System } from "./system.ts";

/** Cases in which a proxy makes a difference: which origin a connection belongs to, and `Proxy-Connection`. */
const ABOUT =
  /^pool: (of two|seven origins)|Proxy-Connection|^persistence: 1\.[01] (without Connection|with (keep-alive|close))$/;

function throughProxy(system: System, proxied: "shared" | "origin", about: RegExp = ABOUT): System {
  const { name, preset = name, title } = system;
  return {
    ...system,
    name: `${name}-proxied`,
    preset,
    title: `${title}, proxied`,
    proxied,
    about,
  };
}

export const proxied: readonly System[] = [
  // Its idle time differs, too.
  throughProxy(
    jdk,
    "origin",
    /^Keep-Alive|^pool: (of two|seven origins)|Proxy-Connection|^persistence: 1\.[01] with/,
  ),
  throughProxy(jdkHttpClient, "shared"),
  throughProxy(apacheHttpClient5, "origin"),
  throughProxy(denoFetch, "origin"),
  throughProxy(bunFetch, "shared"),
  throughProxy(curl, "shared"),
  throughProxy(go, "shared"),
  throughProxy(reqwest, "origin"),
];
