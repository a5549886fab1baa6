/**
 * Observers: the user's listener and the runtime's diagnostics channels. Events are built only when somebody
 * wants them, and an observer that throws is counted but cannot break the pool.
 */

import type { PoolEvent, PoolListener } from "../events.ts";
import type { DiagnosticsChannel, Transport } from "../transport.ts";

/** Channel names are `"holdfast:connection.opened"` and so on. */
const CHANNEL_PREFIX = "holdfast:";

type EventType = PoolEvent["type"];

/** Who is told of events. */
export class Observers {
  /** How often the listener threw. */
  errors = 0;
  #lastRequest = 0;
  readonly #listeners: PoolListener[] = [];
  readonly #channels: Partial<Record<EventType, DiagnosticsChannel>> = {};
  #channelOf: Transport["channel"];

  constructor(listener: PoolListener | undefined) {
    if (listener !== undefined) this.#listeners.push(listener);
  }

  /** Events are published on the transport's channels too, from now on. */
  publishOn(transport: Transport): void {
    this.#channelOf = transport.channel;
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

  /** Whether to build an event of this type at all. */
  wants(type: EventType): boolean {
    return this.#listeners.length > 0 || this.#channel(type)?.hasSubscribers === true;
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
    const channel = this.#channel(event.type);
    if (channel?.hasSubscribers === true) channel.publish(event);
  }

  #channel(type: EventType): DiagnosticsChannel | undefined {
    if (this.#channelOf === undefined) return undefined;
    let channel = this.#channels[type];
    if (channel === undefined) {
      channel = this.#channelOf(CHANNEL_PREFIX + type);
      this.#channels[type] = channel;
    }
    return channel;
  }
}
