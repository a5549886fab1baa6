/** Probe report: what a probe found. It is what `holdfast probe --json` prints. */

import type { Http1Habits, TlsHabits } from "./experiments/habits.ts";
import type { PingHabits } from "./experiments/ping-habits.ts";
import type { Finding } from "./findings.ts";
import type { Endings } from "./lab.ts";
import type { Http2Settings } from "./probe-http2.ts";
import type { AnswerVersion } from "./probe-protocol.ts";

/** What the server says of itself. */
export interface Announced {
  readonly timeoutMs: number | undefined;
  readonly max: number | undefined;
  readonly altSvc: string | undefined;
}

/** The limits of connections by one protocol, and how they ended. */
export interface ConnectionLimits {
  /** Idle time after a request, in ms. */
  readonly idle: Finding;
  /** Idle time before the first request, in ms. */
  readonly unused: Finding;
  /** Requests on one connection. */
  readonly requests: Finding;
  /** Age of a connection in steady use, in ms. */
  readonly lifetime: Finding;
  /** How connections ended, and how many. */
  readonly endings: Endings;
}

/** What was found over HTTP/2. */
export interface Http2Report extends ConnectionLimits {
  readonly settings: Http2Settings;
  readonly ping: PingHabits;
  /** The last GOAWAY, in words. */
  readonly goaway: string | undefined;
}

/** What a probe found. The limits are those of HTTP/1.1; nothing was measured of them where only HTTP/2 is spoken. */
export interface ProbeReport extends ConnectionLimits {
  readonly url: string;
  readonly addresses: readonly string[];
  /** The first answer. */
  readonly status: number;
  readonly httpVersion: AnswerVersion;
  readonly server: string | undefined;
  readonly announced: Announced;
  readonly http1: Http1Habits;
  /** `undefined`: it does not speak HTTP/2, or nobody asked. */
  readonly http2: Http2Report | undefined;
  readonly tls: TlsHabits | undefined;
  /** What else was met, in sentences. */
  readonly notes: readonly string[];
  /** What the probe cost: requests that were answered, and how long it took. */
  readonly cost: { readonly requests: number; readonly tookMs: number };
  /** Whether it was ended before it had finished. */
  readonly stopped: boolean;
}
