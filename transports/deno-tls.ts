/** TLS on Deno 2.9: how it is started, its handshake, and client certificates. */

import type { Target, TlsTarget } from "../src/contract/transport.ts";
import { closeQuietly, type DenoConn, type DenoTlsConn, type DenoTlsOptions, deno } from "./deno-api.ts";
import { transportErrorOf, unsupportedError } from "./error-mapping.ts";

/** A TLS connection with a verified peer, and the protocol that ALPN chose. */
export interface Secured {
  readonly conn: DenoConn;
  readonly alpn: string | undefined;
}

function tlsOptions(tls: TlsTarget): DenoTlsOptions {
  const options: DenoTlsOptions = { hostname: tls.serverName };
  if (tls.ca !== undefined) options.caCerts = [...tls.ca];
  if (tls.alpn.length > 0) options.alpnProtocols = [...tls.alpn];
  return options;
}

/** Starts TLS on a connection, or closes it. */
export async function secured(conn: DenoConn, tls: TlsTarget, signal: AbortSignal): Promise<Secured> {
  if (!tls.verify || tls.cert !== undefined) {
    closeQuietly(conn);
    throw unsupportedError("Deno's startTls can neither skip verification nor present a client certificate");
  }
  try {
    return await verified(await deno().startTls(conn, tlsOptions(tls)), signal);
  } catch (error) {
    closeQuietly(conn);
    signal.throwIfAborted();
    throw transportErrorOf(error, "tls");
  }
}

/**
 * Waits for the handshake. Deno handshakes lazily, so a refused certificate would show at the first write only.
 *
 * If the peer does not answer and the attempt is aborted, the connection stays open until the peer closes it: Deno 2.9 closes
 * a TlsConn only after its handshake. It does not keep the process alive.
 */
async function verified(conn: DenoTlsConn, signal: AbortSignal): Promise<Secured> {
  const abort = (): void => closeQuietly(conn); // rejects the handshake
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    return { conn, alpn: (await conn.handshake()).alpnProtocol ?? undefined };
  } catch (error) {
    closeQuietly(conn);
    signal.throwIfAborted();
    throw transportErrorOf(error, "tls");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Connects with a client certificate by `connectTls`, because `startTls` silently drops certificates (Deno 2.9).
 * `connectTls` leaves Nagle's algorithm on and keepalive off, takes no signal, and connects to the name that it verifies,
 * not to the target's address.
 */
export async function securedWithCertificate(
  target: Target,
  tls: TlsTarget,
  signal: AbortSignal,
): Promise<Secured> {
  const { cert = "", key = "" } = tls;
  const connecting = deno().connectTls({ ...tlsOptions(tls), port: target.port, cert, key });
  return verified(await unlessAborted(connecting, signal), signal);
}

/** Rejects when aborted. If the connection opens later, it is closed. */
function unlessAborted(connecting: Promise<DenoTlsConn>, signal: AbortSignal): Promise<DenoTlsConn> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason);
      connecting.then(closeQuietly, () => {});
    };
    signal.addEventListener("abort", abort);
    connecting
      .then(resolve, (error) => reject(transportErrorOf(error, "connect")))
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
