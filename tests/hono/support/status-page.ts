/** Shared by the tests of the status page: a pool with its page, and a reader of server-sent events. */

import { Hono } from "hono";
import { poolStatus } from "../../../src/hono/status/pool-status.ts";
import type { StatusMessage } from "../../../src/hono/status/protocol.ts";
import type { PoolOptions } from "../../../src/options/options.ts";
import { settled } from "../../support/clock.ts";
import { type Answers, type Service, service } from "../../support/service.ts";

/** A pool in memory and its status page at `/_pool`. Both use one clock that tests advance. */
export function watched(
  options: PoolOptions = {},
  respond?: Answers,
  maxViewers?: number,
): Service & { app: Hono } {
  const world = service(options, respond);
  const limit = maxViewers === undefined ? {} : { maxViewers };
  const app = new Hono().route("/_pool", poolStatus(world.pool, { clock: world.clock, ...limit }));
  return { ...world, app };
}

/** One server-sent event. */
export interface PageEvent {
  readonly event: string;
  readonly data: StatusMessage;
}

/** A page that reads its events only when `read()` is called. */
export class Page {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #leave: AbortController;
  readonly response: Response;

  constructor(response: Response, leave: AbortController) {
    if (response.body === null) throw new Error("There is no body");
    this.response = response;
    this.#reader = response.body.getReader();
    this.#leave = leave;
  }

  static async open(app: Hono): Promise<Page> {
    const leave = new AbortController();
    return new Page(await app.request("/_pool/events", { signal: leave.signal }), leave);
  }

  /** The next event. Each one is one chunk of the stream. */
  async read(): Promise<PageEvent> {
    const { value } = await this.#reader.read();
    const text = new TextDecoder().decode(value);
    const [, event = "", data = ""] = /^(?:retry: \d+\n)?event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    return { event, data: JSON.parse(data) };
  }

  /** Leaves by cancelling the stream, as a server does when a browser goes away. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Leaves so that only the request's signal aborts. */
  async vanish(): Promise<void> {
    this.#leave.abort();
    await settled();
  }
}
