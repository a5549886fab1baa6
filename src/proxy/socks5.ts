/**
 * SOCKS5: the negotiation of a tunnel with a SOCKS proxy (RFC 1928), with username and password (RFC 1929). The proxy looks
 * up the name.
 */

import type { ProxySetting } from "../options/proxy.ts";
import { ipv6Bytes } from "./ipv6.ts";
import { type Destination, MORE, type Negotiation, type NegotiationStep } from "./negotiation.ts";
import { proxyError } from "./proxy-errors.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const NONE_ACCEPTABLE = 0xff;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** The meaning of each reply code (RFC 1928 §6), and whether another attempt may succeed. */
const REPLIES: readonly (readonly [meaning: string, retriable: boolean])[] = [
  ["succeeded", true],
  ["general failure", true],
  ["not allowed by its rules", false],
  ["network unreachable", true],
  ["host unreachable", true],
  ["connection refused by the destination", true],
  ["TTL expired", true],
  ["command not supported", false],
  ["address type not supported", false],
];

/** One negotiation: the method, then credentials if the proxy wants them, then the request. */
export class Socks5 implements Negotiation {
  readonly opening: Uint8Array;
  readonly #proxy: ProxySetting;
  readonly #to: Destination;
  #awaits: "method" | "auth-status" | "reply" = "method";
  /** The bytes of an answer that is not whole yet. */
  #partial: number[] = [];

  constructor(proxy: ProxySetting, to: Destination) {
    this.#proxy = proxy;
    this.#to = to;
    const methods =
      proxy.credentials === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD];
    this.opening = Uint8Array.of(VERSION, methods.length, ...methods);
  }

  /** Reads byte by byte: the answers are short, and any byte may be the last of one. */
  feed(bytes: Uint8Array, length: number): NegotiationStep {
    for (let at = 0; at < length; at++) {
      this.#partial.push(bytes[at] ?? 0);
      const step = this.#read(this.#partial);
      if (step === undefined) continue;
      this.#partial = [];
      if (step.openAt !== undefined) return { openAt: at + 1 };
      if (at + 1 < length) throw this.#broken("spoke out of turn");
      return step;
    }
    return MORE;
  }

  /** The step that follows from an answer; `undefined` while the answer is not whole. */
  #read(partial: readonly number[]): NegotiationStep | undefined {
    const expected = this.#awaits === "auth-status" ? 1 : VERSION;
    if (partial[0] !== expected) throw this.#broken("does not speak SOCKS5");
    if (this.#awaits === "reply") return this.#reply(partial);
    if (partial.length < 2) return undefined;
    const [, answer = NONE_ACCEPTABLE] = partial;
    return this.#awaits === "method" ? this.#method(answer) : this.#authStatus(answer);
  }

  #method(method: number): NegotiationStep {
    const { credentials } = this.#proxy;
    if (method === NO_AUTHENTICATION) return this.#request();
    if (method === USERNAME_PASSWORD && credentials !== undefined) {
      this.#awaits = "auth-status";
      return {
        write: Uint8Array.of(1, ...this.#text(credentials.username), ...this.#text(credentials.password)),
      };
    }
    const why = credentials === undefined ? "asks for credentials" : "accepts no username and password";
    throw this.#refused(why, false);
  }

  #authStatus(status: number): NegotiationStep {
    if (status === 0) return this.#request();
    throw this.#refused("did not accept the credentials", false);
  }

  #request(): NegotiationStep {
    this.#awaits = "reply";
    const { hostname, port } = this.#to;
    return { write: Uint8Array.of(VERSION, CONNECT, 0, ...this.#address(hostname), port >> 8, port & 0xff) };
  }

  #address(hostname: string): number[] {
    if (hostname.includes(":")) return [IPV6, ...ipv6Bytes(hostname)];
    if (/^[\d.]+$/.test(hostname)) return [IPV4, ...hostname.split(".").map(Number)];
    return [NAME, ...this.#text(hostname)];
  }

  /** One byte of length, then the bytes. */
  #text(text: string): number[] {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length === 0 || bytes.length > 255)
      throw this.#refused("takes names and credentials of 1 to 255 bytes only", false);
    return [bytes.length, ...bytes];
  }

  #reply(partial: readonly number[]): NegotiationStep | undefined {
    const [, code = 0, , type, first = 0] = partial;
    if (partial.length < 2) return undefined;
    if (code !== 0) {
      const [meaning, retriable] = REPLIES[code] ?? ([`code ${code}`, true] as const);
      throw this.#refused(`refused a tunnel: ${meaning}`, retriable);
    }
    if (partial.length < 5) return undefined;
    const sizes: Readonly<Record<number, number>> = { [IPV4]: 4, [NAME]: 1 + first, [IPV6]: 16 };
    const size = sizes[type ?? 0];
    if (size === undefined) throw this.#broken("answered with an unknown type of address");
    return partial.length < 4 + size + 2 ? undefined : { openAt: 0 };
  }

  #refused(what: string, retriable: boolean): Error {
    return proxyError(this.#proxy, this.#to, what, { retriable });
  }

  #broken(what: string): Error {
    return proxyError(this.#proxy, this.#to, what, { retriable: false });
  }
}
