/** What the tests of the status page share: a pool with a past, and a reader of server-sent events. */

import { Hono } from "hono";
import { poolStatus } from "../../../src/hono/status/pool-status.ts";
import type { StatusMessage } from "../../../src/hono/status/protocol.ts";
import type { PoolOptions } from "../../../src/options/options.ts";
import { settled } from "../../support/clock.ts";
import { type Answers, type Service, service } from "../../support/service.ts";

/** A pool in memory and its status page, mounted at `/_pool`; both by one clock that is moved by hand. */
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

/** One message, and whether it was a snapshot. */
export interface Told {
  readonly event: string;
  readonly data: StatusMessage;
}

/** A page that reads when it is told to. */
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

  /** The next message; each is one piece. */
  async read(): Promise<Told> {
    const { value } = await this.#reader.read();
    const text = new TextDecoder().decode(value);
    const [, event = "", data = ""] = /^(?:retry: \d+\n)?event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    return { event, data: JSON.parse(data) };
  }

  /** Goes away, as a browser does. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Goes away, and only the request's signal tells. */
  async vanish(): Promise<void> {
    this.#leave.abort();
    await settled();
  }
}
