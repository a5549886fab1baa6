/**
 * Sends server-sent events to the open pages. All pages get the same bytes. At most one message per page is under way.
 * A slow page misses updates and gets a snapshot when it reads again. A page that reads nothing for long is dropped.
 */

import type { Clock, Timer } from "../../contract/clock.ts";
import type { StatusMessageBuilder } from "./message-builder.ts";

/** Time between messages. It is short enough for the page to look live. */
const TICK_MS = 500;

/** Longest silence. It is below the shortest idle timeout of the servers (Bun.serve: 10 s). */
const HEARTBEAT_MS = 5000;

/** A page that reads nothing for this long is dropped. */
const STALLED_MS = 30_000;

/** A stream that was never read is dropped after this. A server reads the stream as soon as it has the response. */
const UNREAD_MS = 2000;

/** How soon a browser reconnects when the stream ends. */
const RETRY_MS = 2000;

const encoder = new TextEncoder();

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** The stream wants a message; `false` while one is under way. */
  ready: boolean;
  /** The page missed a message, or has had none yet. Its next message is a snapshot. */
  behind: boolean;
  /** The stream was read at least once. */
  hasRead: boolean;
  lastReadAt: number;
}

/** The pages that watch one pool. */
export class Viewers {
  readonly #messages: StatusMessageBuilder;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #viewers: Set<Viewer> = new Set();
  #timer: Timer | undefined;
  #updatedAt = -Infinity;

  constructor(messages: StatusMessageBuilder, clock: Clock, max: number) {
    this.#messages = messages;
    this.#clock = clock;
    this.#max = max;
  }

  /** Number of open pages. */
  get size(): number {
    return this.#viewers.size;
  }

  /** A stream of events for one more page, or `undefined` if there are too many. `signal` ends it. */
  stream(signal: AbortSignal): ReadableStream<Uint8Array> | undefined {
    if (this.#viewers.size >= this.#max) return undefined;
    let viewer: Viewer | undefined;
    const leave = (): void => {
      if (viewer !== undefined) this.#leave(viewer);
    };
    // An aborted signal fires no event, so a page that is already gone is handled here.
    if (signal.aborted) return new ReadableStream({ start: (controller) => controller.close() });
    signal.addEventListener("abort", leave);
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          viewer = {
            controller,
            ready: false,
            behind: true,
            hasRead: false,
            lastReadAt: this.#messages.now(),
          };
          this.#viewers.add(viewer);
          this.#schedule();
        },
        pull: () => {
          if (viewer !== undefined) this.#pulled(viewer);
        },
        cancel: leave,
      },
      // Messages are built only when the stream is read.
      { highWaterMark: 0 },
    );
  }

  #pulled(viewer: Viewer): void {
    viewer.ready = true;
    viewer.hasRead = true;
    viewer.lastReadAt = this.#messages.now();
    if (viewer.behind) this.#send(viewer, message("snapshot", this.#messages.snapshot()));
  }

  #send(viewer: Viewer, bytes: Uint8Array): void {
    viewer.ready = false;
    viewer.behind = false;
    viewer.controller.enqueue(bytes);
  }

  #schedule(): void {
    this.#timer ??= this.#clock.schedule(TICK_MS, () => {
      this.#timer = undefined;
      this.#tick();
      if (this.#viewers.size > 0) this.#schedule();
    });
  }

  #tick(): void {
    const now = this.#messages.now();
    this.#dropStalled(now);
    const due = now - this.#updatedAt >= HEARTBEAT_MS || this.#messages.isChanged;
    if (this.#viewers.size === 0 || !due) return;
    this.#updatedAt = now;
    const bytes = message("update", this.#messages.update());
    for (const viewer of this.#viewers) {
      if (viewer.ready) this.#send(viewer, bytes);
      else viewer.behind = true;
    }
  }

  #dropStalled(now: number): void {
    for (const viewer of this.#viewers) {
      const limitMs = viewer.hasRead ? STALLED_MS : UNREAD_MS;
      if (viewer.ready || now - viewer.lastReadAt < limitMs) continue;
      this.#leave(viewer);
      viewer.controller.error(new Error(`Nothing was read for ${limitMs} ms`));
    }
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    viewer.ready = false;
    if (this.#viewers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** One server-sent event. `JSON.stringify` adds no line breaks, so the data is one line. */
function message(event: "snapshot" | "update", data: object): Uint8Array {
  const retry = event === "snapshot" ? `retry: ${RETRY_MS}\n` : "";
  return encoder.encode(`${retry}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
