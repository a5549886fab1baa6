/**
 * Lab: a client, a middlebox and a server in network namespaces of their own, joined by virtual cables. The middlebox is
 * the kernel's own firewall, so that connections die as they do behind NAT gateways and load balancers.
 *
 * It needs root, `ip` (iproute2) and `nft` (nftables). {@linkcode missing} says what is not there.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";

/** Addresses in the lab. The server has two. */
export const ADDRESSES = {
  client: "10.77.1.2",
  movedClient: "10.77.1.3",
  relay: "10.77.1.1",
  server: "10.77.2.2",
  secondServer: "10.77.2.3",
} as const;

/** Who forgets a connection: packets of both sides are dropped, or only those of one. */
export type Forgetting = "both" | "client" | "server" | "reset";

/** What the lab needs and this machine lacks; `undefined` if nothing. */
export function missing(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const [program, flag] of [
    ["ip", "-V"],
    ["nft", "-v"],
  ] as const) {
    try {
      execFileSync(program, [flag], { stdio: "ignore" });
    } catch {
      return `${program} is not installed`;
    }
  }
  return tryNamespace();
}

/** A container may have root and the programs, but not the right to make a namespace. */
function tryNamespace(): string | undefined {
  const name = `hf-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    inNamespace(name, "nft", "list", "ruleset");
    return undefined;
  } catch {
    return "this kernel or container allows no namespaces";
  } finally {
    quietly(() => ip("netns", "delete", name));
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function inNamespace(name: string, ...command: string[]): void {
  execFileSync("ip", ["netns", "exec", name, ...command], { stdio: ["ignore", "ignore", "pipe"] });
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // It was not there, or is gone already.
  }
}

let labs = 0;

/** Three namespaces in a row. Close it: namespaces outlive the process. */
export class Lab {
  readonly #client: string;
  readonly #middle: string;
  readonly #server: string;
  /** When packets passed again, by `performance.now()`. The programs of other labs may delay what was planned. */
  backAt: number | undefined = undefined;

  constructor() {
    labs += 1;
    const prefix = `hf-${process.pid}-${labs}`;
    this.#client = `${prefix}-c`;
    this.#middle = `${prefix}-m`;
    this.#server = `${prefix}-s`;
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #build(): void {
    for (const name of [this.#client, this.#middle, this.#server]) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    this.#join(this.#client, "out", this.#middle, "client");
    this.#join(this.#middle, "server", this.#server, "out");
    this.#address(this.#client, "out", ADDRESSES.client);
    this.#address(this.#middle, "client", ADDRESSES.relay);
    this.#address(this.#middle, "server", "10.77.2.1");
    this.#address(this.#server, "out", ADDRESSES.server);
    this.#address(this.#server, "out", ADDRESSES.secondServer);
    ip("-n", this.#client, "route", "add", "default", "via", ADDRESSES.relay);
    ip("-n", this.#server, "route", "add", "default", "via", "10.77.2.1");
    inNamespace(this.#middle, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    this.#nameServers();
    this.#nft("add table ip lab");
    this.#nft("add chain ip lab passing { type filter hook forward priority 0; }");
  }

  #join(one: string, oneName: string, other: string, otherName: string): void {
    ip("-n", one, "link", "add", oneName, "type", "veth", "peer", "name", otherName, "netns", other);
    ip("-n", one, "link", "set", oneName, "up");
    ip("-n", other, "link", "set", otherName, "up");
  }

  #address(name: string, link: string, address: string): void {
    ip("-n", name, "address", "add", `${address}/24`, "dev", link);
  }

  /** `ip netns exec` shows a program the files of this folder as those in `/etc`. */
  #nameServers(): void {
    mkdirSync(this.#etc, { recursive: true });
    const names = [ADDRESSES.secondServer, ADDRESSES.server].map((address) => `${address} api.lab`);
    this.#writeHosts(names);
  }

  /** The same file is written again: the client's namespace has it mounted. */
  #writeHosts(names: readonly string[]): void {
    writeFileSync(`${this.#etc}/hosts`, ["127.0.0.1 localhost", ...names, ""].join("\n"));
  }

  /** From now on `api.lab` has this address alone. */
  rename(address: string): void {
    this.#writeHosts([`${address} api.lab`]);
  }

  get #etc(): string {
    return `/etc/netns/${this.#client}`;
  }

  #nft(command: string): void {
    inNamespace(this.#middle, "nft", command);
  }

  /**
   * Connections that are idle for `seconds` are forgotten, as by a NAT gateway: the next packet of a forgotten one is
   * dropped, or answered with a RST.
   */
  forgetAfter(seconds: number, how: Forgetting = "both"): void {
    // Without "loose" the kernel takes no connection into its table that it did not see begin.
    inNamespace(this.#middle, "sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_loose=0");
    inNamespace(
      this.#middle,
      "sysctl",
      "-qw",
      `net.netfilter.nf_conntrack_tcp_timeout_established=${seconds}`,
    );
    const from = how === "client" || how === "server" ? `iifname "${how}" ` : "";
    const verdict = how === "reset" ? "reject with tcp reset" : "drop";
    this.#nft(`add rule ip lab passing ${from}ct state invalid ${verdict}`);
    // The kernel tracks connections only where a rule looks at them.
    this.#nft("add rule ip lab passing ct state established,new accept");
  }

  /** Connections of the client whose program says nothing else are probed after `seconds` of silence, and every so often. */
  keepAlive(seconds: number): void {
    for (const what of ["time", "intvl"])
      inNamespace(this.#client, "sysctl", "-qw", `net.ipv4.tcp_keepalive_${what}=${seconds}`);
  }

  /** No packet reaches `address` any more. */
  swallow(address: string): void {
    this.#nft(`add rule ip lab passing ip daddr ${address} drop`);
  }

  /** No packet passes any more, and nobody is told. */
  dropAll(): void {
    this.#nft("insert rule ip lab passing drop");
  }

  /** All rules of the middlebox are removed. */
  restore(): void {
    this.#nft("flush chain ip lab passing");
    this.backAt = performance.now();
  }

  /** The cable between the middlebox and the server is cut, or joined again. */
  cable(up: boolean): void {
    ip("-n", this.#middle, "link", "set", "server", up ? "up" : "down");
    if (!up) return;
    this.backAt = performance.now();
    quietly(() => ip("-n", this.#server, "route", "add", "default", "via", "10.77.2.1"));
  }

  /** The client gets another address, and loses the one that it had. */
  move(): void {
    this.#address(this.#client, "out", ADDRESSES.movedClient);
    ip("-n", this.#client, "address", "del", `${ADDRESSES.client}/24`, "dev", "out");
    // Linux removes an interface's other addresses of the same network, and its routes, with the first one.
    quietly(() => this.#address(this.#client, "out", ADDRESSES.movedClient));
    quietly(() => ip("-n", this.#client, "route", "add", "default", "via", ADDRESSES.relay));
  }

  /** Starts a program on one of the three hosts. */
  spawn(host: "client" | "relay" | "server", command: readonly string[]): ChildProcess {
    const names = { client: this.#client, relay: this.#middle, server: this.#server };
    return spawn("ip", ["netns", "exec", names[host], ...command], { stdio: ["pipe", "pipe", "inherit"] });
  }

  close(): void {
    for (const name of [this.#client, this.#middle, this.#server]) quietly(() => ip("netns", "delete", name));
    rmSync(this.#etc, { recursive: true, force: true });
  }
}
