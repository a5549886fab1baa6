/**
 * TLS targets: how a pool speaks TLS to each of its origins. A target is kept when the connections of its origin are gone,
 * because its sessions are most useful then.
 */

import type { HoldfastError } from "../../contract/errors.ts";
import type { Origin } from "../../contract/origin.ts";
import type { Capabilities, TlsTarget } from "../../contract/transport.ts";
import { refusedFault, thrownFault } from "../../contract/user-functions.ts";
import type { TlsOptions } from "../../options/options.ts";
import type { Settings } from "../../options/resolve.ts";
import { ALPN_HTTP1, isSameTls, tlsOf, tlsTargetOf } from "../../options/tls.ts";
import { type Shortfall, tlsShortfalls } from "../../rules/socket-options.ts";
import { unlessAborted } from "./resolver.ts";

/** Origins whose targets are kept. Beyond it the one that was used longest ago is forgotten, with its sessions. */
export const MOST_TARGETS = 256;

type AskTls = Extract<Settings["tls"], (hostname: string) => unknown>;

interface Kept {
  readonly target: TlsTarget;
  readonly options: TlsOptions;
}

const NO_ALPN: Shortfall = { option: "http2", asked: "alpn", applied: false };

/** What ALPN offers (RFC 7301 §6; RFC 9113 §3.2). */
function offered(http2: Settings["http2"]): readonly string[] {
  if (http2 === false) return ALPN_HTTP1;
  return http2 === "alpn" ? ["h2", "http/1.1"] : ["h2"];
}

/** The TLS targets of one pool, by origin. No two origins share a target, so none offers the session of another. */
export class TlsTargets {
  /** Told of each option that the transport cannot honour, once per attempt. Answers with the error to fail with, if any. */
  onShortfall: (shortfall: Shortfall) => HoldfastError | undefined = () => undefined;
  readonly #options: Settings["tls"];
  readonly #can: Pick<Capabilities, "tlsOptions">;
  readonly #alpn: readonly string[];
  /** HTTP/2 was asked for where ALPN cannot offer it. */
  readonly #lacksAlpn: boolean;
  readonly #kept: Map<string, Kept> = new Map();
  /** Whether the transport cannot honour some option, where they are the same for all origins. */
  readonly #fallsShort: boolean;

  /** @param http2 the option, and whether the user has set it. */
  constructor(
    options: Settings["tls"],
    can: Partial<Pick<Capabilities, "tlsOptions" | "alpn">> = {},
    http2: { readonly mode: Settings["http2"]; readonly chosen: boolean } = { mode: false, chosen: false },
  ) {
    this.#options = options;
    this.#can = can;
    this.#fallsShort = typeof options !== "function" && tlsShortfalls(options, can.tlsOptions).length > 0;
    this.#alpn = offered(http2.mode);
    this.#lacksAlpn = http2.mode === "alpn" && http2.chosen && can.alpn !== true;
  }

  /**
   * The same object while the options are the same: a transport caches its TLS context by it.
   *
   * @throws {HoldfastError} with `strict`, if the transport cannot honour the options.
   * @throws {FunctionFault} if the user's function throws or gives wrong options.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  of(origin: Origin, signal: AbortSignal): TlsTarget | Promise<TlsTarget> {
    const options = this.#options;
    const lacking = this.#lacksAlpn ? this.onShortfall(NO_ALPN) : undefined;
    if (lacking !== undefined) return Promise.reject(lacking);
    if (typeof options === "function") return this.#asked(options, origin, signal);
    const refused = this.#fallsShort ? this.refusal(options) : undefined;
    return refused === undefined ? this.#target(origin, options) : Promise.reject(refused);
  }

  /** Why a connection with these options cannot be opened. Reports what the transport cannot honour. */
  refusal(options: Parameters<typeof tlsShortfalls>[0]): HoldfastError | undefined {
    for (const shortfall of tlsShortfalls(options, this.#can.tlsOptions)) {
      const error = this.onShortfall(shortfall);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  async #asked(ask: AskTls, origin: Origin, signal: AbortSignal): Promise<TlsTarget> {
    // A user's function must not run within a step of the pool.
    await undefined;
    signal.throwIfAborted();
    const options = await unlessAborted(answerOf(ask, origin.hostname), signal);
    const refused = this.refusal(options);
    if (refused !== undefined) throw refused;
    return this.#target(origin, options);
  }

  #target({ key, hostname, upgrades, route }: Origin, given: TlsOptions): TlsTarget {
    const options = route?.tls === undefined ? given : { ...given, ...route.tls };
    const known = this.#kept.get(key);
    const kept =
      known !== undefined && isSameTls(known.options, options)
        ? known
        : { target: tlsTargetOf(hostname, options, upgrades === true ? ALPN_HTTP1 : this.#alpn), options };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_TARGETS) this.#forgetOldest();
    return kept.target;
  }

  #forgetOldest(): void {
    for (const [oldest] of this.#kept) return void this.#kept.delete(oldest);
  }
}

async function answerOf(ask: AskTls, hostname: string): Promise<TlsOptions> {
  let answer: TlsOptions;
  try {
    answer = await ask(hostname);
  } catch (cause) {
    throw thrownFault("tls", cause);
  }
  try {
    return tlsOf(answer);
  } catch (refusal) {
    throw refusedFault("tls", refusal);
  }
}
