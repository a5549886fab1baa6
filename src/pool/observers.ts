/**
 * Observers: the user's listeners and the runtime's diagnostics channels. Events are built only if somebody listens.
 * The exception of a listener is counted and cannot break the pool.
 *
 * A listener may do anything: abort, close, subscribe, send a request. So events are delivered between the steps of the
 * pool, never within one. Events of a step are delivered when the step is over. Events that a listener causes are
 * delivered when all listeners have received the earlier ones. All listeners receive all events in the same order.
 */

import type { PoolEvent, PoolListener } from "../contract/events.ts";
import type { DiagnosticsChannel, Transport } from "../contract/transport.ts";
import { ignoreRejection } from "../contract/user-functions.ts";

/** Channel names are `"holdfast:connection.opened"` and so on. */
const CHANNEL_PREFIX = "holdfast:";

type EventType = PoolEvent["type"];

/** One subscription. A function may have several. */
interface Subscriber {
  readonly listener: PoolListener;
  gone: boolean;
}

/** The subscribers. The list is replaced, never changed: an event goes to those who listened when it happened. */
interface Subscribers {
  list: readonly Subscriber[];
}

/** Whether anybody wants events of one type. Asked several times per request. */
class Topic {
  channel: DiagnosticsChannel | undefined = undefined;
  readonly #subscribers: Subscribers;

  constructor(subscribers: Subscribers) {
    this.#subscribers = subscribers;
  }

  /** Whether to build such an event. */
  get wanted(): boolean {
    return this.#subscribers.list.length > 0 || this.channel?.hasSubscribers === true;
  }
}

/** One property per type: a look-up by varying names costs 10 to 20 ns on Node 24, and a request needs four. */
function topicsFor(subscribers: Subscribers): Readonly<Record<EventType, Topic>> {
  const topic = (): Topic => new Topic(subscribers);
  return {
    "connection.opened": topic(),
    "connection.acquired": topic(),
    "connection.released": topic(),
    "connection.retired": topic(),
    "request.queued": topic(),
    "request.started": topic(),
    "request.finished": topic(),
    "request.retried": topic(),
    "request.doubted": topic(),
    "doubt.exhausted": topic(),
    "request.failed": topic(),
    "option.degraded": topic(),
    "hint.ignored": topic(),
    "limit.learned": topic(),
    "calm.requested": topic(),
  };
}

/** Goes on only when all events so far are delivered. */
export interface DeliveryWaiter {
  eventsDelivered(): void;
}

/** An event, and the subscribers when it happened. */
class QueuedEvent {
  readonly event: PoolEvent;
  readonly subscribers: readonly Subscriber[];

  constructor(event: PoolEvent, subscribers: readonly Subscriber[]) {
    this.event = event;
    this.subscribers = subscribers;
  }
}

/** The observers of one pool. */
export class Observers {
  /** How often a listener threw. */
  errors = 0;
  #lastRequest = 0;
  readonly #subscribers: Subscribers = { list: [] };
  readonly topics: Readonly<Record<EventType, Topic>> = topicsFor(this.#subscribers);
  /** How many steps are under way, one within another. */
  #depth = 0;
  #delivering = false;
  #queue: (QueuedEvent | DeliveryWaiter)[] = [];
  #next = 0;

  constructor(listener: PoolListener | undefined) {
    if (listener !== undefined) this.add(listener);
  }

  /** From now on events go to the diagnostics channels of the transport, too. */
  publishOn(transport: Transport): void {
    for (const [type, topic] of Object.entries(this.topics))
      topic.channel = transport.channel?.(CHANNEL_PREFIX + type);
  }

  /** A number for the next request, which its events carry. */
  nextRequest(): number {
    this.#lastRequest += 1;
    return this.#lastRequest;
  }

  /** Adds a listener. The function returned removes it. */
  add(listener: PoolListener): () => void {
    const subscriber: Subscriber = { listener, gone: false };
    const subscribers = this.#subscribers;
    subscribers.list = [...subscribers.list, subscriber];
    return () => {
      subscriber.gone = true;
      subscribers.list = subscribers.list.filter((other) => other !== subscriber);
    };
  }

  /** A step begins. Events are delivered when as many steps have ended as have begun. */
  beginStep(): void {
    this.#depth += 1;
  }

  /** The step is over, even if it threw. */
  endStep(): void {
    this.#depth -= 1;
    if (this.#queue.length > 0) this.#deliverAll();
  }

  /** Delivers an event to everybody, once the step is over. */
  publish(event: PoolEvent): void {
    this.#queue.push(new QueuedEvent(event, this.#subscribers.list));
    this.#deliverAll();
  }

  /** Whether all events so far are delivered: always, if nobody listens. */
  get allDelivered(): boolean {
    return this.#queue.length === this.#next;
  }

  /** Calls `waiter` when all events so far are delivered: at once, if there are none. */
  whenDelivered(waiter: DeliveryWaiter): void {
    if (this.allDelivered) return waiter.eventsDelivered();
    this.#queue.push(waiter);
    this.#deliverAll();
  }

  #deliverAll(): void {
    if (this.#depth > 0 || this.#delivering) return;
    this.#delivering = true;
    try {
      for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[this.#next]) {
        this.#next += 1;
        if (entry instanceof QueuedEvent) this.#deliver(entry);
        else entry.eventsDelivered();
      }
    } finally {
      this.#delivering = false;
      this.#queue = [];
      this.#next = 0;
    }
  }

  #deliver({ event, subscribers }: QueuedEvent): void {
    for (const subscriber of subscribers) if (!subscriber.gone) this.#call(subscriber.listener, event);
    const { channel } = this.topics[event.type];
    if (channel?.hasSubscribers !== true) return;
    try {
      channel.publish(event);
    } catch {
      this.errors += 1;
    }
  }

  #call(listener: PoolListener, event: PoolEvent): void {
    try {
      ignoreRejection(listener(event), () => {
        this.errors += 1;
      });
    } catch {
      this.errors += 1;
    }
  }
}
