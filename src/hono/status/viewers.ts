/**
 * Viewers: the pages that watch, by server-sent events. All get the same bytes. A page that is slow to take them
 * gets nothing in between and all at once when it is back: for each there is at most one message under way, and the
 * one that takes none for long is dropped.
 */

import type { Clock, Timer } from "../../contract/clock.ts";
import type { StatusMessageBuilder } from "./message-builder.ts";

/** Between messages: often enough to look alive. */
const TICK_MS = 500;

/** Longest silence: below the shortest idle timeout of a server in front (Bun.serve: 10 s). */
const HEARTBEAT_MS = 5000;

/** After this a page that takes nothing is dropped. */
const STALLED_MS = 30_000;

/** A server reads a stream as soon as it has its response: one that nobody has read by then holds no place. */
const UNREAD_MS = 2000;

/** How soon a browser tries again when the stream ends. */
const RETRY_MS = 2000;

const encoder = new TextEncoder();

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Wants a message; `false` while one is under way. */
  ready: boolean;
  /** Has missed a message, or had none. */
  behind: boolean;
  /** Somebody has asked for a message. */
  hasRead: boolean;
  lastReadAt: number;
}

/** Whoever watches one pool. */
export class Viewers {
  readonly #messages: StatusMessageBuilder;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #viewers: Set<Viewer> = new Set();
  #timer: Timer | undefined;
  #updatedAt = -Infinity;

  constructor(source: StatusMessageBuilder, clock: Clock, max: number) {
    this.#messages = source;
    this.#clock = clock;
    this.#max = max;
  }

  /** Pages that watch now. */
  get size(): number {
    return this.#viewers.size;
  }

  /** A stream of events for one more page; `undefined` if there are too many. `signal` ends it. */
  stream(signal: AbortSignal): ReadableStream<Uint8Array> | undefined {
    if (this.#viewers.size >= this.#max) return undefined;
    let viewer: Viewer | undefined;
    const leave = (): void => {
      if (viewer !== undefined) this.#leave(viewer);
    };
    // The signal of a page that is gone already tells nothing more.
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
      // Nothing is made before it is wanted.
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

/** JSON has no line breaks, so each message is one line of data. */
function message(event: "snapshot" | "update", data: object): Uint8Array {
  const retry = event === "snapshot" ? `retry: ${RETRY_MS}\n` : "";
  return encoder.encode(`${retry}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
