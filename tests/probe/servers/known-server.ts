/** A server whose limits are known, because it was started with them. The probe must find them. */

import { fileURLToPath } from "node:url";
import type { ServerProbeOptions } from "../../../src/probe/probe-options.ts";
import type { Missing } from "../../parity/program.ts";

/** What is known of connections by one protocol. `null`: there is no such limit. Missing: not known. */
export interface KnownLimits {
  readonly idleMs?: number | null;
  readonly unusedMs?: number | null;
  readonly requests?: number | null;
  readonly lifetimeMs?: number | null;
  /** The server looks at its idle connections only now and then: one may end so much later. @default 0 */
  readonly lateMs?: number;
  /** It counts in whole seconds, and one may end so much earlier. @default 0 */
  readonly earlyMs?: number;
}

/** One port of a server. */
export interface KnownPort extends KnownLimits {
  readonly url: string;
  readonly options?: ServerProbeOptions;
  readonly http2?: KnownLimits;
  /** Over TLS: whether it says close_notify. */
  readonly closeNotify?: boolean;
}

/** A running server. */
export interface KnownServer {
  readonly version: string;
  readonly ports: Readonly<Record<string, KnownPort>>;
  close(): Promise<void>;
}

/** A kind of server. */
export interface KnownSystem {
  readonly title: string;
  start(limits: SetLimits): Promise<KnownServer | Missing>;
}

/** What the servers are started with. */
export interface SetLimits {
  readonly idleMs: number;
  readonly unusedMs: number;
  readonly requests: number;
  readonly lifetimeMs: number;
}

/** Files of the tests' own authority. */
export const certificate: { readonly cert: string; readonly key: string; readonly ca: string } = {
  cert: path("server.pem"),
  key: path("server.key"),
  ca: path("ca.pem"),
};

function path(name: string): string {
  return fileURLToPath(new URL(`../../certs/${name}`, import.meta.url));
}
