/** Record: everything known of one request: what was asked, what the servers did, and what became of it. */

import type { Link } from "./link.ts";

/** How the caller reads the response. */
export type Reading = "text" | "bytes" | "stream" | "slowly" | "partly" | "discard" | "later" | "unread";

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
}

/** What a server said it would answer. */
export interface Promised {
  readonly status: number;
  readonly length: number;
  readonly framing: string;
}

/** One request and its history. */
export class RequestRecord {
  readonly spec: RequestSpec;
  readonly startedAt: number;
  phase: "head" | "body" | "done" = "head";
  /** The phase in which it was aborted. */
  aborted: "head" | "body" | undefined = undefined;
  reason: unknown = undefined;
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
