/**
 * Observers: the user's listeners and the runtime's diagnostics channels. Events are built only when somebody
 * wants them, and an observer that throws is counted but cannot break the pool.
 *
 * A listener may do anything: abort, close, subscribe, send a request. So it is told between the steps of the pool, never
 * within one: what happens in a step waits until the step is over, and what happens in a listener's call until
 * everybody has heard of what came before. All listeners see all events, in one order.
 */

import type { PoolEvent, PoolListener } from "../contract/events.ts";
import type { DiagnosticsChannel, Transport } from "../contract/transport.ts";
import { ignoreRejection } from "../contract/user-functions.ts";

/** Channel names are `"holdfast:connection.opened"` and so on. */
const CHANNEL_PREFIX = "holdfast:";

type EventType = PoolEvent["type"];

/** One subscription: a function may have several. */
interface Subscriber {
  readonly listener: PoolListener;
  gone: boolean;
}

/** Those who listen. Its list is replaced, never changed: an event goes to those who listened when it happened. */
interface Subscribers {
  subscribers: readonly Subscriber[];
}

/** Who wants events of one type, which is asked several times per request. */
class Topic {
  channel: DiagnosticsChannel | undefined = undefined;
  readonly #audience: Subscribers;

  constructor(audience: Subscribers) {
    this.#audience = audience;
  }

  /** Whether to build such an event at all. */
  get wanted(): boolean {
    return this.#audience.subscribers.length > 0 || this.channel?.hasSubscribers === true;
  }
}

/** Each by its own name: a look-up with names that vary costs 10 to 20 ns on Node 24, and a request asks for four. */
function topicsFor(audience: Subscribers): Readonly<Record<EventType, Topic>> {
  const topic = (): Topic => new Topic(audience);
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

/** Whoever goes on only when everybody has heard of what happened so far. */
export interface DeliveryWaiter {
  eventsDelivered(): void;
}

/** An event, and who listened when it happened. */
class QueuedEvent {
  readonly event: PoolEvent;
  readonly subscribers: readonly Subscriber[];

  constructor(event: PoolEvent, subscribers: readonly Subscriber[]) {
    this.event = event;
    this.subscribers = subscribers;
  }
}

/** Who is told of events. */
export class Observers {
  /** How often a listener threw. */
  errors = 0;
  #lastRequest = 0;
  readonly #subscribers: Subscribers = { subscribers: [] };
  readonly topics: Readonly<Record<EventType, Topic>> = topicsFor(this.#subscribers);
  /** Steps under way, one within the other. */
  #depth = 0;
  #delivering = false;
  #queue: (QueuedEvent | DeliveryWaiter)[] = [];
  #next = 0;

  constructor(listener: PoolListener | undefined) {
    if (listener !== undefined) this.add(listener);
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
    const subscriber: Subscriber = { listener, gone: false };
    const audience = this.#subscribers;
    audience.subscribers = [...audience.subscribers, subscriber];
    return () => {
      subscriber.gone = true;
      audience.subscribers = audience.subscribers.filter((other) => other !== subscriber);
    };
  }

  /** A step begins: nobody is told of anything before as many have ended as began. */
  beginStep(): void {
    this.#depth += 1;
  }

  /** The step is over, whether or not it threw. */
  endStep(): void {
    this.#depth -= 1;
    if (this.#queue.length > 0) this.#deliverAll();
  }

  /** Tells everyone, once the step is over. */
  publish(event: PoolEvent): void {
    this.#queue.push(new QueuedEvent(event, this.#subscribers.subscribers));
    this.#deliverAll();
  }

  /** Whether everybody has heard of what happened so far, as where nobody listens. */
  get allTold(): boolean {
    return this.#queue.length === this.#next;
  }

  /** Lets `continuing` go on when everybody has heard of what happened so far: now, if nothing did. */
  whenDelivered(continuing: DeliveryWaiter): void {
    if (this.allTold) return continuing.eventsDelivered();
    this.#queue.push(continuing);
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
