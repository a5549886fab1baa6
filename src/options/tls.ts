/** TLS: checks the user's TLS options, and turns them into what a transport needs for one peer. */

import type { TlsTarget, TlsVersion } from "../contract/transport.ts";
import { flag, objectWith, oneOf, refuseUnknown, texts } from "./checks.ts";
import type { TlsOptions } from "./options.ts";
import { SessionStore } from "./session-store.ts";

const KNOWN = {
  ca: 0,
  cert: 0,
  key: 0,
  pfx: 0,
  passphrase: 0,
  minVersion: 0,
  maxVersion: 0,
  ciphers: 0,
  serverName: 0,
  rejectUnauthorized: 0,
} as const satisfies Record<keyof TlsOptions, 0>;

const VERSIONS: readonly TlsVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** Checks TLS options, and copies them, because the caller may change them later. */
export function tlsOf(value: TlsOptions): TlsOptions {
  objectWith(value, "tls", []);
  refuseUnknown(value, KNOWN, "tls option");
  const { ca, pfx, rejectUnauthorized, minVersion, maxVersion } = value;
  if (rejectUnauthorized !== undefined) flag(rejectUnauthorized, "tls.rejectUnauthorized");
  texts(Array.isArray(ca) ? ca : [ca], "tls.ca");
  for (const name of ["cert", "key", "passphrase", "ciphers", "serverName"] as const)
    texts([value[name]], `tls.${name}`);
  if (pfx !== undefined && Object.prototype.toString.call(pfx) !== "[object Uint8Array]")
    throw new TypeError(`tls.pfx must be a Uint8Array: current value is of type ${typeof pfx}`);
  if (minVersion !== undefined) oneOf(minVersion, "tls.minVersion", VERSIONS);
  if (maxVersion !== undefined) oneOf(maxVersion, "tls.maxVersion", VERSIONS);
  refuseContradictions(value);
  return { ...value };
}

function refuseContradictions({ cert, key, pfx, passphrase, minVersion, maxVersion }: TlsOptions): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw new RangeError(
      `tls.cert and tls.key must be set together: ${cert === undefined ? "cert" : "key"} is missing`,
    );
  }
  if (pfx !== undefined && cert !== undefined)
    throw new RangeError("tls.pfx and tls.cert must not be set together");
  if (passphrase !== undefined && key === undefined && pfx === undefined)
    throw new RangeError("tls.passphrase must not be set without tls.key or tls.pfx");
  if (minVersion === undefined || maxVersion === undefined) return;
  if (VERSIONS.indexOf(minVersion) > VERSIONS.indexOf(maxVersion))
    throw new RangeError(`tls.minVersion (${minVersion}) must not exceed tls.maxVersion (${maxVersion})`);
}

/** What is offered by ALPN, in order of preference. */
export const ALPN_HTTP1: readonly string[] = ["http/1.1"];

/**
 * TLS with the peer called `hostname`. The sessions of a target are resumed with this target only, and so with the same ALPN
 * (RFC 8446 §4.2.11).
 */
export function tlsTargetOf(
  hostname: string,
  options: TlsOptions,
  alpn: readonly string[] = ALPN_HTTP1,
): TlsTarget {
  const { ca, serverName, rejectUnauthorized, ...rest } = options;
  return {
    ...rest,
    // A trailing dot is not sent (RFC 6066 §3), and no certificate has one.
    serverName: serverName ?? hostname.replace(/\.$/, ""),
    ca: typeof ca === "string" ? [ca] : ca,
    verify: rejectUnauthorized ?? true,
    alpn,
    sessions: new SessionStore(),
  };
}

/** Whether two sets of options say the same, so that a session under one is one under the other. */
export function isSameTls(one: TlsOptions, other: TlsOptions): boolean {
  if (one === other) return true;
  const names = Object.keys(KNOWN) as (keyof TlsOptions)[];
  return names.every((name) => isSame(one[name], other[name]));
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isListLike(one) || !isListLike(other) || one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

function isListLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || value instanceof Uint8Array;
}
