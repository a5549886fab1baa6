/** Agent deadlines: how long a request of `node:http` may take, by the options of the pool and by its own `timeout`. */

import type { FunctionFault } from "../contract/user-functions.ts";
import { dueTime, type ExchangePhase, type Passed, passedDeadline, Times } from "../exchange/phase.ts";
import type { Settings } from "../options/resolve.ts";
import type { Timed } from "../pool/timer.ts";
import type { NodeRequest } from "./node-request.ts";
import type { SentBytes } from "./sent-bytes.ts";

/** A request that has deadlines. */
export interface TimedRequest {
  readonly request: NodeRequest;
  readonly settings: Settings;
  readonly sent: SentBytes;
  /** Whether it waits for a connection, has one, or is over. */
  readonly stage: "queue" | "sending" | "done";
  /** A deadline of the pool has passed. */
  overdue(passed: Passed): void;
  /** The clock has failed. */
  cut(fault?: FunctionFault): void;
}

/** The times of one request, and what they may be. */
export class AgentDeadlines extends Times implements Timed {
  timerSlot: number | undefined = undefined;
  readonly #of: TimedRequest;
  /** When the caller is to be told that its `timeout` is over, while there is no socket to tell it. */
  #timeoutAt: number;

  /** `socketTimeoutMs`: the agent's `timeout`, for a request without one. */
  constructor(of: TimedRequest, now: number, socketTimeoutMs: number) {
    super(now);
    this.#of = of;
    const timeoutMs = of.request.timeout ?? socketTimeoutMs;
    this.#timeoutAt = timeoutMs > 0 ? now + timeoutMs : Infinity;
  }

  /** There is a socket, which tells of the caller's `timeout` from now on. */
  hasSocket(): void {
    this.#timeoutAt = Infinity;
  }

  /** A part of the request goes. Whether it was the last is known later. Returns when the timer must ring. */
  moved(now: number): number {
    const { headersTimeoutMs, bodyIdleTimeoutMs } = this.#of.settings;
    this.sentAt = now;
    this.uploadMovedAt = now;
    return now + Math.min(headersTimeoutMs, bodyIdleTimeoutMs);
  }

  get phase(): ExchangePhase {
    const { stage, request, sent } = this.#of;
    if (stage !== "sending") return stage;
    if (request.res) return "body";
    return sent.isBehind || !request.writableFinished ? "send" : "headers";
  }

  dueAt(): number {
    const { phase } = this;
    // While the caller produces its body slowly, nobody else is late.
    const isCallersTurn = phase === "send" && !this.#of.sent.isBehind;
    const at = dueTime(isCallersTurn ? "queue" : phase, this, this.#of.settings);
    return Math.min(at, this.#timeoutAt);
  }

  due(now: number): void {
    const { request, settings } = this.#of;
    if (now >= this.#timeoutAt) {
      this.#timeoutAt = Infinity;
      request.emit("timeout");
      return;
    }
    const passed = passedDeadline(this.phase, this, settings, now);
    if (passed !== undefined) this.#of.overdue(passed);
  }

  cut(fault: FunctionFault): void {
    this.#of.cut(fault);
  }
}
