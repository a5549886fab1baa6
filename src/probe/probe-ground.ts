/** Probe ground: what a probe stands on, and how its connections reach the server. */

import type { Clock } from "../contract/clock.ts";
import type { Origin } from "../contract/origin.ts";
import type { Target, TlsTarget, Transport } from "../contract/transport.ts";
import { OneSession } from "./experiments/habits.ts";
import { ProbeError } from "./probe-error.ts";
import type { ProbePeer, ProtocolName } from "./probe-protocol.ts";
import type { RelayOpener } from "./tls-ending.ts";

/** What a probe stands on. */
export interface ProbeGround {
  readonly transport: Transport;
  /** @default the runtime's clock */
  readonly clock?: Clock | undefined;
  /** Trusted root certificates. @default the runtime's own */
  readonly ca?: readonly string[] | undefined;
  /** Shows the records of TLS. @default nobody looks whether close_notify is sent */
  readonly relay?: RelayOpener | undefined;
}

/** The server under test. */
export interface Subject {
  readonly url: string;
  readonly origin: Origin;
  readonly addresses: readonly string[];
  readonly ground: ProbeGround & { readonly clock: Clock };
}

/** More addresses of one name than this are not told apart. */
const MOST_ADDRESSES = 4;

/** The addresses of the server, as far as the runtime tells. @throws {ProbeError} if there is none. */
export async function addressesOf(origin: Origin, transport: Transport): Promise<readonly string[]> {
  try {
    const found = (await transport.resolve?.(origin.hostname)) ?? [];
    return found.slice(0, MOST_ADDRESSES);
  } catch (error) {
    throw ProbeError.unreachable(origin.key, error);
  }
}

/** How the server is reached by one protocol. */
export function peerOf({ url, origin, ground }: Subject, protocol: ProtocolName): ProbePeer {
  const { pathname, search } = new URL(url);
  const { transport, clock, ca } = ground;
  const tls: TlsTarget | undefined =
    origin.scheme === "https"
      ? { serverName: origin.hostname, verify: true, alpn: [protocol], ca, sessions: new OneSession() }
      : undefined;
  const target = (address: string | undefined): Target => ({
    hostname: origin.hostname,
    port: origin.port,
    ...(address === undefined ? {} : { address }),
    tls,
    tcpKeepAlive: false,
    noDelay: true,
  });
  const relay = tls === undefined ? undefined : ground.relay;
  return { protocol, transport, clock, origin, path: pathname + search, target, relay };
}
