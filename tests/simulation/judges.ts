/**
 * Judges: the rules by which the worlds judge, by name, and how often each had a case. A judge that never has one is blind: it finds
 * nothing wrong, however many requests run.
 */

/** By the worlds that have cases for them: those of `main.ts`, these with `--silence`, and those of `http2/main.ts`. */
export const JUDGES = {
  worlds: [
    "listeners are told of every event",
    "stats: states",
    "stats: open",
    "stats: opened and retired",
    "maxIdle",
    "stats: listenerErrors",
    "stats: sums of origins",
    "maxIdlePerOrigin",
    "stats: open of an origin",
    "nothing is left after close",
    "no upgraded connection is left",
    "no connection is left",
    "sockets are given to who asked for one",
    "close() waits for all connections",
    "close() resolves",
    "upgraded sockets end",
    "calls end",
    "requests that start end",
    "async context of the caller",
    "doubted once",
    "doubted if idempotent",
    "share of doubts",
    "an abort fails with its reason",
    "failures are HoldfastErrors",
    "malformed answers fail",
    "cause of ERR_POOL_CLOSED",
    "cause of ERR_REQUEST_BODY",
    "cause of ERR_REDIRECT",
    "cause of ERR_QUEUE_FULL",
    "cause of ERR_ACQUIRE_TIMEOUT",
    "cause of ERR_DECODE",
    "cause of ERR_REQUEST_TIMEOUT",
    "cause of ERR_PROTOCOL",
    "cause of ERR_CONNECTION_LOST",
    "sent again where it may be",
    "answers belong to their requests",
    "answers come from servers",
    "status",
    "bodies belong to their requests",
    "requests have callers",
    "nothing is resent once a response has begun",
    "what is resent gets a fresh connection",
    "nothing is written after its abort",
    "nothing is written after its end",
    "calls settle once",
    "an abort ends a call that waits",
    "calls settle",
    "bytes kept unread",
    "bytes decoded in one turn",
    "bytes decoded unread",
    "address that moved",
    "neighbours: nothing is told after close",
    "neighbours: each uses its own",
    "neighbours: answers belong to their calls",
    "neighbours: causes of failures",
    "neighbours: calls are made",
    "neighbours: no connection serves both",
    "neighbours: executed once",
    "neighbours: executed twice at most",
    "neighbours: nothing is left after close",
    "neighbours: attempts of both",
    "neighbours: one timer each",
    "neighbours: maxConnections",
    "neighbours: states",
    "neighbours: queued",
    "neighbours: opened",
    "neighbours: maxConnectionsPerOrigin",
    "neighbours: maxIdlePerOrigin",
    "neighbours: calls end",
    "neighbours: close() resolves",
    "neighbours: requests end",
    "neighbours: no connection is left",
    "numbers of requests go up",
    "each request ends once",
    "each request ends",
    "lingering on an unwanted body",
    "requestTimeout",
    "100 Continue",
    "headersTimeout",
    "bodyIdleTimeout",
    "pair: time of a chain",
    "pair: end of a chain",
    "pair: answers belong to their calls",
    "pair: causes of failures",
    "pair: maxConnections",
    "pair: calls end",
    "pair: close() resolves",
    "pair: requests end",
    "pair: nothing is left",
    "reused though it is spent",
    "two requests at once",
    "maxRequests",
    "announced number of requests",
    "nothing may be kept",
    "the last request says so",
    "maxLifetime of what is taken",
    "idle through a suspension",
    "idleTimeout of what is taken",
    "learned limit of what is taken",
    "announced limit of what is taken",
    "POST on an idle connection",
    "idleTimeout of what is kept",
    "maxLifetime of what is kept",
    "announced limit of what is kept",
    "no error is unhandled",
    "no request comes after the last response",
    "requests come one by one",
    "servers understand requests",
    "maxConnections",
    "maxConnectionsPerOrigin",
    "bytes come on open connections",
    "a suspension teaches nothing",
    "written after unsolicited bytes",
    "nothing is written after the end of a connection",
    "what is written is a request",
    "bytes of a tunnel belong to it",
    "tunnels are lost with a cause",
    "tunnels are lost by a named error",
    "no socket is left with unsent bytes",
    "time goes on",
    "no timer is left after close",
    "one timer",
    "stats: queued",
    "no timer is set after close",
    "learned limits are true",
    "limits of servers that say them",
    "POST right after a block",
    "written twice at most",
    "a POST is written once",
    "executed twice at most",
    "a POST is executed once",
    "cause of ERR_CONNECT",
    "cause of ERR_CONNECT_TIMEOUT",
    "cause of ERR_HEADERS_TIMEOUT",
    "cause of ERR_BODY_TIMEOUT",
  ],
  forgets: ["spared after three finds"],
  slow: ["slowness teaches nothing"],
  out: ["attempts in a silence"],
  http2: [
    "time of a socket with unsent bytes",
    "h2: preface",
    "h2: types of frames",
    "h2: blocks are whole",
    "h2: code of a GOAWAY",
    "h2: numbers of streams",
    "h2: CONTINUATION of a block",
    "h2: acknowledged settings",
    "h2: limit of fields",
    "h2: no stream after a GOAWAY",
    "h2: paths",
    "h2: limit of streams",
    "h2: window of a connection",
    "h2: window of a stream",
    "h2: uploads belong to their requests",
    "h2: uploads are whole",
    "h2: PINGs are answered",
    "h2: no connection after close",
    "h2: sent seven times at most",
    "h2: reasons are known",
    "h2: what was open did not fail to open",
    "h2: connections are given to requests",
    "h2: each request ends once",
    "h2: connectTimeout",
    "h2: maxConnections",
    "h2: maxConnectionsPerOrigin",
    "h2: states",
    "h2: streams",
    "h2: nothing is left after close",
    "h2: opened and retired",
    "h2: requests have callers",
    "h2: methods",
    "h2: executed twice at most",
    "h2: a POST is executed once",
    "h2: executed once where nothing goes wrong",
    "h2: comes twice at most",
    "h2: a POST comes once",
    "h2: one connection waits for the code",
    "h2: status",
    "h2: answers belong to their requests",
    "h2: bodies belong to their requests",
    "h2: what is answered was executed",
    "h2: causes of failures",
    "h2: failures are HoldfastErrors",
    "h2: only large fields are refused",
    "h2: what got a 1xx was sent",
    "h2: closed pools refuse",
    "h2: phase of a connectTimeout",
    "h2: error of code that cannot be loaded",
    "h2: cause of code that cannot be loaded",
    "h2: time goes on",
    "h2: one timer",
    "h2: calls end",
    "h2: no timer is left",
  ],
  http2Forgets: ["h2: no request on a silent connection"],
} as const;

export type JudgeGroup = keyof typeof JUDGES;

/** A run of so many requests has a case for each, though that is chance: the rarest had none in 190,000. */
export const ENOUGH_REQUESTS = 10_000_000;

/** The same for worlds about silence. */
export const ENOUGH_SILENT_REQUESTS = 100_000;

export type Judge = (typeof JUDGES)[JudgeGroup][number];

/** How often each judge had a case. */
export type Cases = Partial<Record<Judge, number>>;

/** A rule that is broken. Only `Judges` makes it, and counts the case. */
class Finding {
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  about(subject: string): Finding {
    return new Finding(`${subject}${this.#what}`);
  }

  toString(): string {
    return this.#what;
  }
}

export type { Finding };

/** The judges of one world. */
export class Judges {
  /** The first rule that was broken. */
  violation: string | undefined = undefined;
  readonly #cases: Cases;

  /** Counts into `cases`. */
  constructor(cases: Cases) {
    this.#cases = cases;
  }

  /** Decides. `hasCase`: there is something to decide. Answers what is wrong, for whoever knows more about it. */
  finds(
    judge: Judge,
    hasCase: boolean,
    isBroken: boolean,
    what: string | (() => string),
  ): Finding | undefined {
    if (hasCase || isBroken) this.#cases[judge] = (this.#cases[judge] ?? 0) + 1;
    if (!isBroken) return undefined;
    return new Finding(typeof what === "string" ? what : what());
  }

  /** Decides, and what is wrong breaks the world. */
  rules(judge: Judge, hasCase: boolean, isBroken: boolean, what: string | (() => string)): void {
    this.blames(this.finds(judge, hasCase, isBroken, what));
  }

  blames(finding: Finding | undefined): void {
    if (finding !== undefined) this.violation ??= finding.toString();
  }
}

/** The judges of the given worlds that had no case. */
export function blind(cases: Cases, ...groups: readonly JudgeGroup[]): readonly Judge[] {
  return groups.flatMap((group) => JUDGES[group]).filter((judge) => (cases[judge] ?? 0) === 0);
}

/** Adds `more` to `sums`. */
export function addCases(sums: Cases, more: Cases): void {
  for (const [judge, count] of Object.entries(more) as [Judge, number][])
    sums[judge] = (sums[judge] ?? 0) + count;
}
