/** Envoy, answering by itself, with a listener for each limit. */

import { freePorts, launch } from "../../parity/servers/child.ts";
import { versionOf } from "../../parity/systems/tools.ts";
import { binary } from "./install.ts";
import type { KnownSystem, SetLimits } from "./known-server.ts";

const DRAIN_MS = 200;

export const envoy: KnownSystem = {
  title: "Envoy",
  async start(limits) {
    const program = binary("envoy");
    if (program === undefined) return { missing: "no Envoy: npm run probe:servers installs it" };
    const [idle = 0, requests = 0, lifetime = 0] = await freePorts(3);
    const child = await launch({
      files: () => ({ "envoy.json": JSON.stringify(configuration({ idle, requests, lifetime }, limits)) }),
      command: () => [
        program,
        "-c",
        "envoy.json",
        "--concurrency",
        "1",
        "-l",
        "error",
        "--use-dynamic-base-id",
      ],
      ports: [idle, requests, lifetime],
    });
    const options = { http2: "prior-knowledge" } as const;
    // Over HTTP/1.1 it waits for a last request before it closes.
    const [idleMs, lifetimeMs] = [limits.idleMs + DRAIN_MS, limits.lifetimeMs + DRAIN_MS];
    const url = (port: number): string => `http://127.0.0.1:${port}/`;
    const none = { requests: null, lifetimeMs: null };
    const once = { requests: limits.requests };
    return {
      version: await versionOf([program, "--version"], /\d+\.\d+\.\d+/),
      ports: {
        idle: {
          url: url(idle),
          options,
          idleMs,
          unusedMs: limits.idleMs,
          ...none,
          http2: { idleMs: limits.idleMs, unusedMs: limits.idleMs, ...none },
        },
        requests: { url: url(requests), options, ...once, http2: once },
        lifetime: { url: url(lifetime), options, lifetimeMs, http2: { lifetimeMs: limits.lifetimeMs } },
      },
      close: child.close,
    };
  },
};

function configuration(
  ports: { idle: number; requests: number; lifetime: number },
  limits: SetLimits,
): object {
  const idle_timeout = `${limits.idleMs / 1000}s`;
  return {
    static_resources: {
      listeners: [
        listener(ports.idle, { idle_timeout }),
        listener(ports.requests, { idle_timeout, max_requests_per_connection: limits.requests }),
        listener(ports.lifetime, { idle_timeout, max_connection_duration: `${limits.lifetimeMs / 1000}s` }),
      ],
    },
  };
}

const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "envoy.extensions.filters.http.router.v3.Router";

function listener(port: number, common: object): object {
  const answer = { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "ok" } } };
  const manager = {
    "@type": `type.googleapis.com/${MANAGER}`,
    stat_prefix: `port${port}`,
    drain_timeout: `${DRAIN_MS / 1000}s`,
    // After its FIN it would wait another second for ours.
    delayed_close_timeout: "0s",
    common_http_protocol_options: common,
    http_protocol_options: { accept_http_10: true },
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [answer] }] },
    http_filters: [{ name: "router", typed_config: { "@type": `type.googleapis.com/${ROUTER}` } }],
  };
  return {
    name: `port${port}`,
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
  };
}
