/** Mutations of `src/proxy/`, and of how addresses are found, raced and given up. */

import type { Mutation } from "./mutation.ts";

const BY_PROXY = { tests: "tests/proxy/" } as const;

/** Mutations of `src/proxy/`. */
export const PROXY: readonly Mutation[] = [
  {
    breaks: "No event or error shows the credentials of a proxy",
    file: "src/options/proxy.ts",
    search: `shown: \`\${kind}://\${parsed.hostname}:\${port}\`,`,
    replacement: "shown: parsed.href.slice(0, -1),",
    proof: BY_PROXY,
  },
  {
    breaks: "A proxy that refuses a tunnel gets no TLS handshake",
    file: "src/proxy/http-connect.ts",
    search: "status >= 200 && status < 300",
    replacement: "status >= 200",
    proof: BY_PROXY,
  },
  {
    breaks: "What a proxy sends behind its answer is not taken for the origin's",
    file: "src/proxy/tunnel.ts",
    search: "if (surplus > 0) return",
    replacement: "if (surplus < 0) return",
    proof: BY_PROXY,
  },
  {
    breaks: "A proxy that is given up is dropped",
    file: "src/proxy/tunnel.ts",
    search: "        socket.abort();\n        reject(error);",
    replacement: "        reject(error);",
    proof: BY_PROXY,
  },
  {
    breaks: "TLS in a tunnel verifies the origin, not the proxy",
    file: "src/proxy/proxy-dialer.ts",
    search: "const { tls } = targetOf(origin, settings);",
    replacement: "const { tls } = targetOf({ ...origin, hostname: target.hostname }, settings);",
    proof: BY_PROXY,
  },
  {
    breaks: "Tunnels are never shared by origins, whatever the proxy's pooling",
    file: "src/proxy/proxy-dialer.ts",
    search: `origin.scheme === "http" && proxy.kind !== "socks5"`,
    replacement: `origin.scheme === "http"`,
    proof: BY_PROXY,
  },
  {
    breaks: "A forwarding proxy gets the absolute form",
    file: "src/exchange/message.ts",
    search: "const target = origin.key + request.target;",
    replacement: "const { target } = request;",
    proof: BY_PROXY,
  },
  {
    breaks: "Under CGI, HTTP_PROXY names no proxy",
    file: "src/proxy/proxy-environment.ts",
    search: `scheme === "http" && env("REQUEST_METHOD") !== undefined`,
    replacement: "false",
    proof: BY_PROXY,
  },
  {
    breaks: "An entry of NO_PROXY with a port is about that port alone",
    file: "src/proxy/no-proxy.ts",
    search: "=== port ? entry.slice(0, colon) : undefined",
    replacement: "> 0 ? entry.slice(0, colon) : undefined",
    proof: BY_PROXY,
  },
  {
    breaks: "What ends the credentials of a proxy's URL too early is said",
    file: "src/options/proxy.ts",
    search: "if (raw === undefined) return;",
    replacement: "return;",
    proof: BY_PROXY,
  },
  {
    breaks: "The next address is tried after 250 ms",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "ATTEMPT_DELAY_MS = 250",
    replacement: "ATTEMPT_DELAY_MS = 251",
    proof: { tests: "tests/pool/connect/happy-eyeballs" },
  },
  {
    breaks: "Addresses that lost the race are given up",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "      attempt.controller.abort(reason);\n",
    replacement: "",
    proof: { tests: "tests/pool/connect/happy-eyeballs" },
  },
  {
    breaks: "No further address is tried while one is in its TLS handshake",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "    this.#timer?.cancel();\n    this.#untried.length = 0;\n",
    replacement: "",
    proof: { tests: "tests/pool/connect/happy-eyeballs" },
  },
  {
    breaks: "A connection to an address that is gone is retired",
    file: "src/rules/address-memory.ts",
    search: "if (at === undefined || latest.includes(address)) return false;",
    replacement: "if (at === undefined || seenAt.size > 0) return false;",
    proof: { tests: "tests/pool/connect/dns-refresh" },
  },
  {
    breaks: "An address of a name whose answers rotate is not gone at once",
    file: "src/rules/address-memory.ts",
    search: "return answeredAt >= rotatesUntil || answeredAt - at > ROTATION_MS;",
    replacement: "return true;",
    proof: { tests: "tests/pool/connect/dns-refresh" },
  },
];
