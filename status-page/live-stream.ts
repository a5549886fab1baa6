/**
 * Live stream: the events of the server, and whether they still come. A server that is gone ends the stream; one that hangs, or
 * a network that swallows everything, is found by its missing heartbeat.
 */

import type { StatusMessage } from "../src/hono/status/protocol.ts";

/** `lost`: nothing comes, and the browser tries again. `refused`: the server answered, but not with a stream. */
export type StreamState = "connecting" | "live" | "lost" | "refused" | "paused";

/** The server sends something every 5 s. Two of them may be late. */
const SILENCE_MS = 12_000;

/** After a refusal a browser does not try again by itself. */
const TRY_AGAIN_MS = 10_000;

/** What the stream tells. */
export interface StreamListener {
  message(message: StatusMessage, isSnapshot: boolean): void;
  changed(state: StreamState): void;
}

/** The stream of events of one page. */
export class LiveStream {
  readonly #url: URL;
  readonly #listener: StreamListener;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: StreamState = "connecting";

  constructor(url: URL, listener: StreamListener) {
    this.#url = url;
    this.#listener = listener;
  }

  get state(): StreamState {
    return this.#state;
  }

  open(): void {
    this.#close();
    const source = new EventSource(this.#url);
    source.addEventListener("snapshot", (event) => this.#message(event, true));
    source.addEventListener("update", (event) => this.#message(event, false));
    source.addEventListener("error", () => this.#error(source));
    this.#source = source;
    this.#watch();
  }

  pause(): void {
    this.#close();
    this.#set("paused");
  }

  #message({ data }: MessageEvent<string>, isSnapshot: boolean): void {
    this.#watch();
    this.#set("live");
    this.#listener.message(JSON.parse(data) as StatusMessage, isSnapshot);
  }

  #error(source: EventSource): void {
    if (source.readyState !== EventSource.CLOSED) return this.#set("lost");
    this.#set("refused");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), TRY_AGAIN_MS);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#set("lost");
      this.open();
    }, SILENCE_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #set(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listener.changed(state);
  }
}
