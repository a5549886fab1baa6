/** Dispatch call: one call of `dispatch()`, from the request to the last word to its handler. */

import { Buffer } from "node:buffer";
import type { ResponseHead, Wire } from "../contract/wire.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { ResponseCallbacks, WireRequest, WireResponse } from "../exchange/message.ts";
import { discardBody } from "../exchange/request-body.ts";
import { type UpgradedSocket, upgradedSocket } from "../exchange/upgraded-socket.ts";
import { type CallContext, inCallersContext } from "../fetch/call-context.ts";
import type { LengthProbe } from "../fetch/length-probe.ts";
import { watchUnclaimed } from "../fetch/unclaimed.ts";
import type { PooledConnection } from "../pool/connection.ts";
import { BodyPump, type PumpedCall } from "./body-pump.ts";
import { isProbed, type ProbedBody } from "./dispatch-body.ts";
import { DispatchError, dispatchError } from "./dispatch-error.ts";
import { type DispatchFields, type FieldsMemo, trailersOf } from "./dispatch-fields.ts";
import type { DispatchTarget } from "./dispatch-target.ts";
import type { DispatchController } from "./dispatch-types.ts";
import { RunningRequest, type RunningRequests, type WaitingCall } from "./running-requests.ts";
import { UpgradedDuplex } from "./upgraded-duplex.ts";

/** What all calls of a dispatcher share. */
export interface DispatchShared {
  readonly running: RunningRequests;
  readonly memo: FieldsMemo;
}

/** What a handler holds the response back and ends the request with. */
class CallController implements DispatchController {
  aborted = false;
  reason: unknown = null;
  paused = false;
  #call: DispatchCall | undefined;
  #headers: DispatchFields | undefined = undefined;
  #rawHeaders: unknown = null;
  #trailers: DispatchFields | undefined = undefined;
  #rawTrailers: unknown = null;

  constructor(call: DispatchCall) {
    this.#call = call;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#call?.resumed();
  }

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason ?? null;
    this.#call?.abort(reason);
  }

  /**
   * The call is over. Handlers of undici keep their controller, and V8 may put those into the old generation at once, where all that
   * they refer to survives the young one: 2.7 of the 10 KB of `undici.request()` on Node 24.
   */
  ended(): void {
    this.#call = undefined;
  }

  /** Texts, as undici 8 gives them over HTTP/2: `request()` asks for them each time, and buffers cost 2 µs. `retry` sets them. */
  get rawHeaders(): unknown {
    this.#rawHeaders ??= this.#headers?.list() ?? null;
    return this.#rawHeaders;
  }

  set rawHeaders(value: unknown) {
    this.#rawHeaders = value;
  }

  get rawTrailers(): unknown {
    this.#rawTrailers ??= this.#trailers?.list() ?? null;
    return this.#rawTrailers;
  }

  set rawTrailers(value: unknown) {
    this.#rawTrailers = value;
  }

  gotHead(fields: DispatchFields): void {
    this.#headers = fields;
    this.#rawHeaders = null;
  }

  gotTrailers(fields: DispatchFields): void {
    this.#trailers = fields;
  }
}

/** One call. */
export class DispatchCall implements ResponseCallbacks, PumpedCall, WaitingCall {
  /** The handler has heard the last. */
  over = false;
  readonly #shared: DispatchShared;
  readonly #target: DispatchTarget;
  readonly #controller: CallController;
  readonly #running: RunningRequest;
  #response: WireResponse | undefined = undefined;
  #pump: BodyPump | undefined = undefined;
  #socket: UpgradedSocket | undefined = undefined;
  #probe: LengthProbe | undefined = undefined;

  constructor(shared: DispatchShared, target: DispatchTarget) {
    this.#shared = shared;
    this.#target = target;
    this.#controller = new CallController(this);
    this.#running = new RunningRequest(this);
  }

  /** Is told of interim responses, by the exchange. */
  get listener(): RunningRequest {
    return this.#running;
  }

  /** Tells the handler that its request begins; it may abort it within the call. */
  begin(): void {
    this.#shared.running.add(this.#running);
    try {
      this.#target.start(this.#controller);
    } catch (error) {
      this.#fail(error);
    }
  }

  send(context: CallContext, request: WireRequest): void {
    const { body } = request;
    if (this.over) return discardBody(body, this.#controller.reason);
    if (isProbed(body)) return this.#sendProbed(context, request, body);
    const { pool, rememberContext } = context;
    const bound = body === undefined ? undefined : inCallersContext(body, { rememberContext });
    const exchange = new Exchange(pool, bound === body ? request : { ...request, body: bound }, this);
    this.#running.exchange = exchange;
    exchange.start();
  }

  /** A promise calls back in the async context in which `then` was called, that of the caller. */
  #sendProbed(context: CallContext, request: WireRequest, { probe }: ProbedBody): void {
    this.#probe = probe;
    probe.body.then(
      (prepared) => this.send(context, { ...request, body: prepared.body }),
      (error) => this.#fail(error),
    );
  }

  // Called by the controller

  get paused(): boolean {
    return this.#controller.paused;
  }

  resumed(): void {
    this.#pump?.resume();
  }

  abort(reason: unknown): void {
    this.#fail(reason ?? new DispatchError("UND_ERR_ABORTED", "Request aborted"));
  }

  // Called by the exchange

  interim(head: ResponseHead): void {
    if (this.over) return;
    try {
      this.#target.head(this.#controller, head.status, this.#shared.memo.of(head.text), "");
    } catch (error) {
      this.#fail(error);
    }
  }

  switched(connection: PooledConnection<Wire>, early: Uint8Array): void {
    const { key, base } = connection.record.originRecord.origin;
    const socket = upgradedSocket(connection.handOver(), early, base?.key ?? key);
    // The methods of a user's socket, called here, may abort the request. Then nobody else has the socket.
    if (this.over) socket.abort();
    else this.#socket = socket;
  }

  resolve(response: WireResponse): void {
    if (this.over) return response.body.discard();
    this.#response = response;
    this.#running.call = undefined;
    const { head, lease } = response;
    const fields = this.#shared.memo.of(head.text);
    this.#controller.gotHead(fields);
    try {
      this.#target.answered();
      if (this.#socket !== undefined) return this.#upgraded(this.#socket, head.status, fields);
      this.#target.head(this.#controller, head.status, fields, lease.connection.wire.reasonOf(head));
    } catch (error) {
      return this.#fail(error);
    }
    if (this.over) return;
    if (response.body.ended && !this.paused) this.#passWhole(response);
    else this.#passStreamed(response);
  }

  reject(error: unknown): void {
    this.#fail(error);
  }

  #upgraded(socket: UpgradedSocket, status: number, fields: DispatchFields): void {
    this.#finish();
    this.#target.upgraded(this.#controller, status, fields, new UpgradedDuplex(socket));
  }

  /** All of it has arrived together with the head, as small ones do. */
  #passWhole({ body }: WireResponse): void {
    const content = body.takeContent() ?? "";
    if (content.length > 0) {
      this.bodyData(
        typeof content === "string"
          ? Buffer.from(content, "latin1")
          : Buffer.from(content.buffer, content.byteOffset, content.byteLength),
      );
      if (this.over) return;
    }
    if (!this.paused) return this.bodyEnded();
    this.#pump = new BodyPump(this);
    this.#pump.close();
  }

  #passStreamed({ body }: WireResponse): void {
    const [running, all] = [this.#running, this.#shared.running];
    const drop = () => all.drop(running);
    body.onSpent = drop;
    const pump = new BodyPump(this);
    this.#pump = pump;
    if (!body.ended) watchUnclaimed(this.#controller, body);
    pump.start(body.feed(pump as unknown as Parameters<typeof body.feed>[0]));
  }

  // Called by the pump

  bodyData(chunk: Buffer): void {
    try {
      this.#target.data(this.#controller, chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  bodyEnded(): void {
    if (this.over) return;
    this.#finish();
    const trailers = trailersOf(this.#response?.trailers ?? "");
    this.#controller.gotTrailers(trailers);
    try {
      this.#target.end(this.#controller, trailers);
    } catch (error) {
      this.#tell(error);
    }
  }

  bodyFailed(error: unknown): void {
    this.#fail(error);
  }

  // The end

  #finish(): void {
    this.over = true;
    this.#controller.ended();
    this.#running.call = undefined;
    this.#shared.running.drop(this.#running);
  }

  /** The connection is given back before the handler hears of it. */
  #fail(error: unknown): void {
    if (this.over) return;
    this.#finish();
    if (this.#running.exchange === undefined) this.#probe?.cancel(error);
    this.#running.exchange?.abort(error);
    this.#tell(error);
  }

  /** What a handler throws here has no other place to go. It must not end the connection's callback, which others share. */
  #tell(error: unknown): void {
    try {
      this.#target.failed(this.#controller, dispatchError(error));
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
