/** Record: everything known of one request: what was asked, what the servers did, and what became of it. */

import type { Extras } from "./dimensions.ts";
import type { Link } from "./link.ts";

/** How the caller reads the response. */
export type Reading =
  | "text"
  | "bytes"
  | "stream"
  | "slowly"
  | "partly"
  | "discard"
  | "later"
  | "unread"
  | "leaves"
  | "copied";

/** A request body. */
export interface UploadSpec {
  readonly kind: "bytes" | "stream";
  readonly length: number;
  readonly pieces: number;
  readonly gapMs: number;
  /** The caller's stream breaks half-way. */
  readonly breaks: boolean;
}

/** One request as the program makes it. */
export interface RequestSpec {
  readonly id: number;
  readonly hostname: string;
  readonly api: "request" | "fetch";
  readonly method: string;
  readonly keyed: boolean;
  readonly upload: UploadSpec | undefined;
  readonly expectsContinue: boolean;
  readonly reading: Reading;
  /** Aborts after so long; 0 is before the call. */
  readonly abortAfterMs: number | undefined;
  readonly deadlines: Readonly<
    Partial<Record<"headersTimeout" | "bodyIdleTimeout" | "requestTimeout", number>>
  >;
  readonly extras: Extras;
}

/** What a server said it would answer. */
export interface Promised {
  readonly status: number;
  readonly length: number;
  readonly framing: string;
  /** The letter z so many times behind the payload: a bomb. */
  readonly run: number;
}

/** One request and its history. */
export class RequestRecord {
  readonly spec: RequestSpec;
  readonly startedAt: number;
  phase: "head" | "body" | "done" = "head";
  /** The phase in which it was aborted; late: the answer was on its way through, so both ends are right. */
  aborted: "head" | "body" | "late" | undefined = undefined;
  /** When it was aborted by a listener, in the midst of what the pool tells. */
  abortedInCallAt: number | undefined = undefined;
  reason: unknown = undefined;
  controller: AbortController | undefined = undefined;
  /** By the client's clock: when its caller gave the body up; whether its end was known then. */
  leftAt: number | undefined = undefined;
  leftUnknown = false;
  /** The pool has said that it finished, or failed. */
  over = false;
  /** No connection was at hand when it was made. */
  waited = false;
  /** A body is being read for it. */
  uploading = false;
  /** Its body was taken away, or did what no body may. */
  misused = false;
  /** Bytes of the response that came, and of its body that the caller took. */
  arrived = 0;
  consumed = 0;
  largest = 0;
  /** Decoded bytes of its body, on all ways. */
  decoded = 0;
  /** Its caller asked for all of it, so that any amount may be kept. */
  gathers = false;
  /** By the client's clock: when it waits for a 100 Continue; when all of it was sent. */
  continuesAt: number | undefined = undefined;
  /** Its head has come. */
  answered = false;
  promised: Promised | undefined = undefined;
  /** Heads written and executions, by redirect. */
  readonly written: Map<number, number> = new Map();
  readonly executed: Map<number, number> = new Map();
  resent = 0;
  /** The connection it was last written on. */
  link: Link | undefined = undefined;
  malformed = false;
  slow = false;
  /** Unasked bytes met it: no client can tell them from its response. */
  crossed = false;
  /** Why it ended. */
  outcome: string | undefined = undefined;

  /** Bytes of an answer have come, or its connection carries another request: the end may be on its way to the caller. */
  get isPassing(): boolean {
    const { link, spec } = this;
    return this.over || (link !== undefined && (link.request !== spec.id || link.responded));
  }

  constructor(spec: RequestSpec, startedAt: number) {
    this.spec = spec;
    this.startedAt = startedAt;
  }
}

/** One more of a count. */
export function countUp(counts: Map<number, number>, key: number): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
