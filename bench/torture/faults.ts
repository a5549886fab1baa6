/** Faults: what the torture server does to a request, or to a connection after it has answered. */

/** Whatever a fault does, it does to the first arrival of a request only: a second attempt is answered. */
export const FAULTS = [
  /** Answered as it should be. */
  "none",
  // On a connection that was used before, without a byte of a response: a second attempt mends it.
  /** Closed when the request arrives, which is not executed. */
  "close-on-arrival",
  /** The same, with RST. */
  "reset-on-arrival",
  /** Executed, then closed: who sends a POST again has it executed twice. */
  "execute-close",
  /** The same, with RST. */
  "execute-reset",
  /** Closed when half of the request body is there. */
  "half-body-close",
  // No client can mend these.
  /** The first request of a connection gets no answer. */
  "fresh-close",
  /** Half a response head, then FIN. */
  "half-head",
  /** Half of the body that `Content-Length` announced, then FIN. */
  "truncate-length",
  /** The same, then RST. */
  "truncate-reset",
  /** A chunked body without its end, then FIN. */
  "truncate-chunked",
  // Answered; what follows lies in wait for the next request of the connection.
  /** FIN, `delayMs` after the response, which crosses a request that is under way. */
  "close-after",
  /** RST, `delayMs` after the response. */
  "reset-after",
  /** A second response in the same segment as the first. */
  "surplus",
  /** A response nobody asked for, `delayMs` later: the client is idle then. */
  "stray-idle",
  /** Bytes that are no response, `delayMs` later. */
  "garbage-after",
  // Answered before the request body was read.
  /** The body is read afterwards, and the connection stays. */
  "early-keep",
  /** It says `Connection: close`, and sends FIN while the body still comes. */
  "early-close",
] as const;

export type Fault = (typeof FAULTS)[number];

/** Origins of the torture server: each has its own mixture, and a pool keeps connections to each. */
export interface Profile {
  readonly name: string;
  /** Share of all requests. */
  readonly share: number;
  /** Requests at a time. */
  readonly lanes: number;
  /** Idle limit the server keeps to itself, and obeys to within a tenth. */
  readonly limitMs?: number;
  /** One in so many requests is followed by a pause, of about the limit if there is one. */
  readonly pauseOneIn?: number;
  /** Large request bodies, so that there is something to interrupt. */
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
  // One lane: nobody else may take the connection before the bytes have come.
  { name: "stray", share: 0.005, lanes: 1, pauseOneIn: 1_000_000, faults: { none: 85, "stray-idle": 15 } },
];
