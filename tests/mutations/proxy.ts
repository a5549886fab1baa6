/** Proxies and connecting: `src/proxy/`, and how addresses are found, tried and dropped. */

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
    breaks: "Bytes that a proxy sends after its answer to CONNECT are not taken for the origin's",
    file: "src/proxy/tunnel.ts",
    search: "if (length > 0 && !hearsFirst)",
    replacement: "if (length < 0)",
    proof: BY_PROXY,
  },
  {
    breaks: "The connection to a proxy is aborted when its tunnel is no longer wanted",
    file: "src/proxy/tunnel.ts",
    search: "        socket.abort();\n        reject(error);",
    replacement: "        reject(error);",
    proof: BY_PROXY,
  },
  {
    breaks: "TLS in a tunnel verifies the origin, not the proxy",
    file: "src/proxy/proxy-dialer.ts",
    search: "const tls = direct.tlsTo(origin, signal);",
    replacement: "const tls = direct.tlsTo({ ...origin, hostname: target.hostname }, signal);",
    proof: BY_PROXY,
  },
  {
    breaks: "A tunnel is never shared by origins, whatever the proxy's pooling option says",
    file: "src/proxy/proxy-dialer.ts",
    search: `proxy.kind !== "socks5" &&`,
    replacement: "",
    proof: BY_PROXY,
  },
  {
    breaks: "A forwarding proxy gets request targets in absolute form",
    file: "src/http1/send/request-head.ts",
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
    breaks: "An entry of NO_PROXY that names a port applies to that port alone",
    file: "src/proxy/no-proxy.ts",
    search: "=== port ? entry.slice(0, colon) : undefined",
    replacement: "> 0 ? entry.slice(0, colon) : undefined",
    proof: BY_PROXY,
  },
  {
    breaks: "An error names the character that ends the credentials in a proxy's URL too early",
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
    breaks: "Connect attempts that lost against a faster address are aborted",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "      attempt.controller.abort(reason ?? ",
    replacement: "      void (reason ?? ",
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
    breaks: "A connection to an address that is no longer in the DNS answer is retired",
    file: "src/rules/address-memory.ts",
    search: "if (at === undefined || latest.includes(address)) return false;",
    replacement: "if (at === undefined || seenAt.size > 0) return false;",
    proof: { tests: "tests/pool/connect/dns-refresh" },
  },
  {
    breaks: "An address missing from one rotating DNS answer does not count as gone",
    file: "src/rules/address-memory.ts",
    search: "return answeredAt >= rotatesUntil || answeredAt - at > ROTATION_MS;",
    replacement: "return true;",
    proof: { tests: "tests/pool/connect/dns-refresh" },
  },
];
