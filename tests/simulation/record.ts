/** Record: everything known of one request: what was asked, what the servers did, and how it ended. */

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
  /** The caller's stream fails half-way. */
  readonly breaks: boolean;
}

/** One request, as the program makes it. */
export interface RequestSpec {
  readonly id: number;
  readonly hostname: string;
  readonly api: "request" | "fetch";
  readonly method: string;
  readonly keyed: boolean;
  readonly upload: UploadSpec | undefined;
  readonly expectsContinue: boolean;
  readonly reading: Reading;
  /** Aborts after this many ms; 0 is before the call. */
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
  /** How often the letter z follows the payload: a decompression bomb. */
  readonly run: number;
}

/** One request and its history. */
export class RequestRecord {
  readonly spec: RequestSpec;
  readonly startedAt: number;
  phase: "head" | "body" | "done" = "head";
  /** The phase in which it was aborted. `"late"`: its end was already on the way, so either outcome is right. */
  aborted: "head" | "body" | "late" | undefined = undefined;
  /** When a listener aborted it, during an event of the pool. */
  abortedInCallAt: number | undefined = undefined;
  reason: unknown = undefined;
  controller: AbortController | undefined = undefined;
  /** By the client's clock: when its caller left the body, and whether the end of the body was known then. */
  leftAt: number | undefined = undefined;
  leftUnknown = false;
  /** The pool has reported that it finished or failed. */
  over = false;
  /** No connection was available when it was made. */
  waited = false;
  /** Its body is being sent. */
  uploading = false;
  /** Its buffer was transferred, or its body misbehaved. */
  misused = false;
  /** Bytes of the response that arrived, and bytes of its body that the caller read. */
  arrived = 0;
  consumed = 0;
  largest = 0;
  /** Decoded bytes of its body, by decoder. */
  decoded = 0;
  /** Its caller asked for the whole body, so any amount may be kept. */
  readsWhole = false;
  /** By the client's clock: when the wait for 100 Continue began or ends, and when all of it was sent. */
  continuesAt: number | undefined = undefined;
  /** The head of its response has come. */
  answered = false;
  promised: Promised | undefined = undefined;
  /** What was promised before to the same redirect, which may still be the answer: a doubt leaves the first attempt under way. */
  promisedBefore: Promised[] = [];
  promisedHop = 0;
  /** How often its head was written, and how often it was executed, by redirect. */
  readonly written: Map<number, number> = new Map();
  readonly executed: Map<number, number> = new Map();
  /** How many redirects were followed when its head was written last. */
  hop = 0;
  resent = 0;
  /** The connections on which it was last written, after as many redirects: two where a doubt left the first attempt under way. */
  links: readonly Link[] = [];
  malformed = false;
  slow = false;
  /** Unsolicited bytes arrived during it. No client can tell them from its response. */
  crossed = false;
  /** How it ended. */
  outcome: string | undefined = undefined;

  /** The connection that carries it, or did. Either attempt of a doubted request may be the one that is left. */
  get link(): Link | undefined {
    const { id } = this.spec;
    return this.links.findLast((link) => link.request === id && !link.isOver) ?? this.links.at(-1);
  }

  /** Unsolicited bytes may have misplaced its response. */
  get isUnclear(): boolean {
    return this.crossed || this.links.some(({ crossed }) => crossed);
  }

  /** Response bytes have come, or its connection carries another request: its end may be on the way to the caller. */
  get isPassing(): boolean {
    const { id } = this.spec;
    return this.over || this.links.some((link) => link.request !== id || link.responded);
  }

  /** Its head was not sent on a connection after all. */
  dropped(): void {
    const count = this.written.get(this.hop) ?? 0;
    if (count > 1) this.resent -= 1;
    this.written.set(this.hop, count - 1);
  }

  /**
   * Its head is written on a connection. An attempt before goes on as long as its connection is there. That which brought the
   * redirect that it follows may be there as well.
   */
  wroteOn(link: Link, hop: number): void {
    const before = hop === this.hop ? this.links : [];
    this.links = [...before.filter(({ isOver }) => !isOver), link];
    this.hop = hop;
  }

  constructor(spec: RequestSpec, startedAt: number) {
    this.spec = spec;
    this.startedAt = startedAt;
  }
}

/** Adds one to a count. */
export function countUp<Key>(counts: Map<Key, number>, key: Key): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
