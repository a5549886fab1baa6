/**
 * Observers: the user's listener and the runtime's diagnostics channels. Events are built only when somebody
 * wants them, and an observer that throws is counted but cannot break the pool.
 */

import type { PoolEvent, PoolListener } from "../events.ts";
import type { DiagnosticsChannel, Transport } from "../transport.ts";

/** Channel names are `"holdfast:connection.opened"` and so on. */
const CHANNEL_PREFIX = "holdfast:";

type EventType = PoolEvent["type"];

/** Who wants events of one type, which is asked several times per request. */
class Topic {
  channel: DiagnosticsChannel | undefined = undefined;
  readonly #listeners: readonly PoolListener[];

  constructor(listeners: readonly PoolListener[]) {
    this.#listeners = listeners;
  }

  /** Whether to build such an event at all. */
  get wanted(): boolean {
    return this.#listeners.length > 0 || this.channel?.hasSubscribers === true;
  }
}

/** Each by its own name: a look-up with names that vary costs 10 to 20 ns on Node 24, and a request asks for four. */
function topicsFor(listeners: readonly PoolListener[]): Readonly<Record<EventType, Topic>> {
  const topic = (): Topic => new Topic(listeners);
  return {
    "connection.opened": topic(),
    "connection.acquired": topic(),
    "connection.released": topic(),
    "connection.retired": topic(),
    "request.queued": topic(),
    "request.started": topic(),
    "request.finished": topic(),
    "request.retried": topic(),
    "request.failed": topic(),
    "option.degraded": topic(),
    "hint.ignored": topic(),
    "limit.learned": topic(),
  };
}

/** Who is told of events. */
export class Observers {
  /** How often the listener threw. */
  errors = 0;
  #lastRequest = 0;
  readonly #listeners: PoolListener[] = [];
  readonly topics: Readonly<Record<EventType, Topic>> = topicsFor(this.#listeners);

  constructor(listener: PoolListener | undefined) {
    if (listener !== undefined) this.#listeners.push(listener);
  }

  /** Events are published on the transport's channels too, from now on. */
  publishOn(transport: Transport): void {
    for (const [type, topic] of Object.entries(this.topics))
      topic.channel = transport.channel?.(CHANNEL_PREFIX + type);
  }

  /** A number for the next request, by which its events can be told from others. */
  nextRequest(): number {
    this.#lastRequest += 1;
    return this.#lastRequest;
  }

  /** Adds a listener; the function returned removes it. */
  add(listener: PoolListener): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  /** Tells everyone. */
  tell(event: PoolEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.errors += 1;
      }
    }
    const { channel } = this.topics[event.type];
    if (channel?.hasSubscribers === true) channel.publish(event);
  }
}
