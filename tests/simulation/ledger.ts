/** Ledger: follows every request of a world from its call to its end, and checks what happens to it. */

import { type Answered, judgeFailure, judgeHead } from "./judge.ts";
import type { Finding } from "./judges.ts";
import type { Link } from "./link.ts";
import { lingering, overdue } from "./overdue.ts";
import { countUp, type Promised, RequestRecord, type RequestSpec } from "./record.ts";
import type { SeenRequest } from "./request-reader.ts";
import { isIdempotent } from "./reuse-rules.ts";
import type { World } from "./world.ts";

/** All requests of one world. */
export class Ledger {
  readonly #world: World;
  readonly #records: Map<number, RequestRecord> = new Map();
  /** Requests that have not settled. */
  readonly #open: Set<RequestRecord> = new Set();
  /** Requests whose callers left while their connections still worked for them. */
  readonly #left: Map<Link, RequestRecord> = new Map();
  /** The program was blocked or suspended at some time, or parts of it ran late. */
  wasInterrupted = false;
  #isLate = false;
  #calmSince = -Infinity;
  /** Requests without a response so far. */
  waiting = 0;
  #connectsFail = false;

  constructor(world: World) {
    this.#world = world;
    this.#connectsFail = world.plan.servers.some(
      ({ connectFaultRate, outages }) => connectFaultRate > 0 || outages !== undefined,
    );
  }

  interrupted(): void {
    this.wasInterrupted = true;
    this.#isLate = true;
  }

  /** What began later than this, by the client's clock, was never late. */
  get calmSince(): number {
    const { agenda, clientNow, plan } = this.#world;
    // A clock that stands still does not show a computation before it is over: a timer that is set meanwhile is late by as much.
    if (this.#isLate && agenda.now > agenda.lateUntil && !plan.users.clockStops) {
      this.#isLate = false;
      this.#calmSince = clientNow;
    }
    return this.#isLate ? Infinity : this.#calmSince;
  }

  open(spec: RequestSpec): RequestRecord {
    const record = new RequestRecord(spec, this.#world.clientNow);
    this.#records.set(spec.id, record);
    this.#open.add(record);
    this.waiting += 1;
    const { upload } = spec;
    const body = upload === undefined ? "" : ` with ${upload.length} bytes of ${upload.kind}`;
    this.#world.trace.note(
      "request",
      spec.id,
      0,
      `${spec.api} ${spec.method} ${spec.hostname}${body}, ${spec.reading}`,
    );
    return record;
  }

  // The course of a request

  wrote(link: Link, method: string, id: number, hop: number): void {
    const record = this.#records.get(id);
    const { judges } = this.#world;
    judges.rules(
      "requests have callers",
      true,
      record === undefined,
      () => `request ${id} was written, but nobody made it`,
    );
    if (record === undefined) return;
    const before = record.links;
    record.wroteOn(link, hop);
    // Unsolicited bytes may have misplaced responses: another request got this one's, and may follow its redirect.
    if (before.some(({ crossed }) => crossed)) record.crossed = true;
    if (record.crossed) return;
    const count = countUp(record.written, hop);
    if (count > 1) {
      record.resent += 1;
      judges.rules(
        "nothing is resent once a response has begun",
        true,
        before.some((other) => other.request === id && other.responded),
        () => `request ${id} was resent though a response had begun`,
      );
      judges.rules(
        "what is resent gets a fresh connection",
        true,
        link.requests > 1,
        () => `request ${id} was resent on a connection that was not fresh`,
      );
    }
    this.#checkTimes("written", record, method, count);
    judges.rules(
      "nothing is written after its abort",
      record.controller !== undefined,
      record.aborted === "head",
      () => `request ${id} was written after it was aborted`,
    );
    judges.rules(
      "nothing is written after its end",
      true,
      record.phase === "done",
      () => `request ${id} was written after its end`,
    );
  }

  /** The transport dropped what was written last. */
  unwrote(link: Link): void {
    const record = this.#records.get(link.request);
    if (record !== undefined && !record.crossed) record.dropped();
    link.dropped = true;
    link.request = 0;
    link.requests -= 1;
  }

  executes({ id, hop, method }: SeenRequest): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#world.trace.note("server executes", id, hop, method);
    if (record.isUnclear) return;
    this.#checkTimes("executed", record, method, countUp(record.executed, hop));
  }

  #checkTimes(what: "written" | "executed", { spec }: RequestRecord, method: string, count: number): void {
    const isRepeatable = isIdempotent(method) || spec.keyed;
    this.#world.judges.rules(
      isRepeatable ? `${what} twice at most` : `a POST is ${what} once`,
      !isRepeatable || count > 1,
      count > (isRepeatable ? 2 : 1),
      () => `request ${spec.id} (${method}) was ${what} ${count} times`,
    );
  }

  promises({ id, hop }: SeenRequest, promised: Promised): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    if (record.promised === undefined || record.promisedHop !== hop) record.promisedBefore = [];
    else record.promisedBefore.push(record.promised);
    record.promisedHop = hop;
    record.promised = promised;
    record.malformed = false;
  }

  excuses(id: number, excuse: "malformed" | "slow"): void {
    const record = this.#records.get(id);
    if (record !== undefined) record[excuse] = true;
  }

  crossed(link: Link): void {
    const record = this.#records.get(link.request);
    if (record !== undefined) record.crossed = true;
  }

  isCrossed(id: number): boolean {
    return this.#records.get(id)?.crossed === true;
  }

  isKeyed(id: number): boolean {
    return this.#records.get(id)?.spec.keyed === true;
  }

  get(id: number): RequestRecord | undefined {
    return this.#records.get(id);
  }

  /** The caller stopped reading the body. */
  left(record: RequestRecord): void {
    const { link, spec } = record;
    if (link === undefined || link.request !== spec.id || record.leftAt !== undefined) return;
    record.leftAt = this.#world.clientNow;
    this.#left.set(link, record);
  }

  /** The first thing that takes longer than it may. */
  overdue(): Finding | undefined {
    const { calmSince } = this;
    const { clientNow: now, plan, judges } = this.#world;
    for (const [link, record] of this.#left) {
      if ((record.leftAt ?? 0) <= calmSince) continue;
      const problem = lingering(link, record, now, judges);
      if (problem === undefined) continue;
      if (problem !== "over") return problem;
      this.#left.delete(link);
    }
    for (const record of this.#open) {
      if (record.startedAt <= calmSince) continue;
      const problem = overdue(record, now, plan, judges);
      if (problem !== undefined) return problem.about(`request ${record.spec.id} `);
    }
    return undefined;
  }

  // The end of a request

  answered(record: RequestRecord, answer: Answered): void {
    this.waiting -= 1;
    record.answered = true;
    this.#world.trace.note("answered", record.spec.id, answer.status);
    this.#report(record, judgeHead(record, answer, this.#world.judges));
  }

  settled(record: RequestRecord, outcome: string, problem: Finding | undefined): void {
    this.#world.trace.note("read", record.spec.id, 0, outcome);
    this.#settle(record, outcome);
    this.#report(record, problem);
  }

  failed(record: RequestRecord, error: unknown): void {
    if (!record.answered) this.waiting -= 1;
    const { plan, terms, closing, isCalm, judges } = this.#world;
    // During an earlier event, a listener may abort a request whose end is already decided and reported next.
    if (record.abortedInCallAt === this.#world.clientNow) record.aborted = "late";
    const circumstances = {
      calm: isCalm,
      judges,
      terms,
      closing,
      connectsFail: this.#connectsFail,
      wasInterrupted: this.wasInterrupted,
      tight: plan.tight,
    };
    const problem = judgeFailure(record, error, circumstances);
    const outcome = record.outcome ?? "unknown";
    this.#world.trace.note("failed", record.spec.id, 0, `${outcome}: ${String(error)}`);
    this.#settle(record, outcome);
    this.#report(record, problem);
  }

  #settle(record: RequestRecord, outcome: string): void {
    const { judges } = this.#world;
    judges.rules(
      "calls settle once",
      true,
      !this.#open.has(record),
      () => `request ${record.spec.id} settled twice`,
    );
    this.#open.delete(record);
    this.#world.figures.settled(outcome);
    record.outcome = outcome;
    const isAborted = record.aborted === "head";
    const problem = judges.finds(
      "an abort ends a call that waits",
      isAborted,
      isAborted && outcome !== "aborted" && !outcome.startsWith("own: "),
      () => `was aborted while it waited, and ${outcome}`,
    );
    this.#report(record, problem);
  }

  #report(record: RequestRecord, problem: Finding | undefined): void {
    const { id, method, api } = record.spec;
    this.#world.judges.blames(problem?.about(`request ${id} (${api}, ${method}) `));
  }

  /** A request that never settled. */
  unsettled(): Finding | undefined {
    const [first] = this.#open;
    return this.#world.judges.finds(
      "calls settle",
      this.#records.size > 0,
      first !== undefined,
      () => `request ${first?.spec.id} never settled`,
    );
  }
}
