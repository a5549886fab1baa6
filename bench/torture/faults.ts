/** Faults: what the torture server does to a request, or to a connection after its response. */

/** A fault affects only the first arrival of a request. A resend is answered. */
export const FAULTS = [
  /** A correct response. */
  "none",
  // On a reused connection, before any byte of a response: a resend succeeds.
  /** The connection is closed when the request arrives. The request is not executed. */
  "close-on-arrival",
  /** The same, with RST. */
  "reset-on-arrival",
  /** The request is executed, then the connection is closed. A POST that is sent again is executed twice. */
  "execute-close",
  /** The same, with RST. */
  "execute-reset",
  /** The connection is closed when half of the request body has arrived. */
  "half-body-close",
  // No client can recover from these.
  /** The first request of a connection gets no response. */
  "fresh-close",
  /** Half a response head, then FIN. */
  "half-head",
  /** Half of the body that `Content-Length` announced, then FIN. */
  "truncate-length",
  /** The same, then RST. */
  "truncate-reset",
  /** A chunked body without its end, then FIN. */
  "truncate-chunked",
  // The request is answered. What follows meets the next request of the connection.
  /** FIN, `delayMs` after the response. It may cross a request that is under way. */
  "close-after",
  /** RST, `delayMs` after the response. */
  "reset-after",
  /** A second response in the same segment as the first. */
  "surplus",
  /** An unsolicited response, `delayMs` later, when the client is idle. */
  "stray-idle",
  /** Bytes that are not a response, `delayMs` later. */
  "garbage-after",
  // The response comes before the request body was read.
  /** The body is read afterwards, and the connection stays open. */
  "early-keep",
  /** The response says `Connection: close`, and FIN follows while the body is still being sent. */
  "early-close",
] as const;

export type Fault = (typeof FAULTS)[number];

/**
 * Profiles: the origins of the torture server. Each has its own mixture of faults, and a pool keeps connections to
 * each.
 */
export interface Profile {
  readonly name: string;
  /** The share of all requests. */
  readonly share: number;
  /** How many requests run at the same time. */
  readonly lanes: number;
  /** An idle limit that the server does not announce. It varies by up to a tenth. */
  readonly limitMs?: number;
  /** One request in this many is followed by a pause, close to the limit if there is one. */
  readonly pauseOneIn?: number;
  /** Large request bodies, so that uploads can be interrupted. */
  readonly uploads?: boolean;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

export const PROFILES: readonly Profile[] = [
  {
    name: "closes",
    share: 0.42,
    lanes: 8,
    faults: {
      none: 80,
      "close-on-arrival": 3,
      "reset-on-arrival": 3,
      "execute-close": 3,
      "execute-reset": 2,
      "fresh-close": 2,
      "close-after": 4,
      "reset-after": 2,
      "half-head": 1,
    },
  },
  {
    name: "limits",
    share: 0.34,
    lanes: 8,
    limitMs: 40,
    pauseOneIn: 30,
    faults: { none: 99, "close-after": 1 },
  },
  {
    name: "bodies",
    share: 0.15,
    lanes: 6,
    uploads: true,
    faults: {
      none: 80,
      "half-body-close": 5,
      "early-keep": 3,
      "early-close": 2,
      "truncate-length": 3,
      "truncate-reset": 2,
      "truncate-chunked": 3,
      "execute-close": 2,
    },
  },
  { name: "surplus", share: 0.085, lanes: 4, faults: { none: 90, surplus: 7, "garbage-after": 3 } },
  // One lane, so that no other request takes the connection before the bytes have come.
  { name: "stray", share: 0.005, lanes: 1, pauseOneIn: 1_000_000, faults: { none: 85, "stray-idle": 15 } },
];
