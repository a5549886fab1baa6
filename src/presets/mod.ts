/**
 * Presets: the keep-alive rules of other systems, as options.
 *
 * A client preset is spread into the options of a pool. Options that follow it override it. A server preset is passed
 * to the `keepAlive()` middleware of `@holdfast/pool/hono`, or spread into a pool to give it the server's limits. Each
 * preset names the versions that it reproduces, its source, and where it differs on purpose.
 *
 * @example
 * ```ts
 * import { createPool, presets } from "@holdfast/pool";
 *
 * const pool = createPool({ ...presets.jdk(), maxLifetime: "5m" });
 * ```
 *
 * @module
 */

export { type Http2Info, type Http2PingInfo, PRESET, type PresetInfo } from "../rules/preset-info.ts";
export { type ApacheHttpClient4Directives, apacheHttpClient4 } from "./apache-http-client-4.ts";
export { type ApacheHttpClient5Directives, apacheHttpClient5 } from "./apache-http-client-5.ts";
export { bunFetch } from "./bun-fetch.ts";
export { chrome } from "./chrome.ts";
export type { ClientPreset } from "./client-preset.ts";
export { type CurlDirectives, curl } from "./curl.ts";
export { type DenoFetchDirectives, denoFetch } from "./deno-fetch.ts";
export { type EnvoyDirectives, envoy } from "./envoy.ts";
export { type GoDirectives, go } from "./go.ts";
export { type HaproxyDirectives, haproxy } from "./haproxy.ts";
export { type HttpdDirectives, httpd } from "./httpd.ts";
export { type JdkDirectives, jdk } from "./jdk.ts";
export { type JdkHttpClientDirectives, jdkHttpClient } from "./jdk-http-client.ts";
export { type NginxDirectives, nginx } from "./nginx.ts";
export { type NginxUpstreamDirectives, nginxUpstream } from "./nginx-upstream.ts";
export { type NodeAgentDirectives, nodeAgent } from "./node-agent.ts";
export { type NodeServerDirectives, nodeServer } from "./node-server.ts";
export { type OkHttpDirectives, okHttp } from "./ok-http.ts";
export { type ReqwestDirectives, reqwest } from "./reqwest.ts";
export { type TomcatDirectives, tomcat } from "./tomcat.ts";
export { type UndiciDirectives, undici } from "./undici.ts";
