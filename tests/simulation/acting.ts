/** Acting: event listeners that also do things. What they do depends on the event and the seed alone. */

import type { PoolEvent } from "../../mod.ts";
import { Prng } from "../support/prng.ts";
import type { Clients } from "./clients.ts";
import { drain } from "./disturbances.ts";
import type { RequestRecord } from "./record.ts";
import type { World } from "./world.ts";

const ACTS = {
  "abort own": 3,
  "abort another": 2,
  drain: 0.7,
  subscribe: 1.5,
  unsubscribe: 1.5,
  request: 2,
  throw: 2,
} as const;

/** How deep actions may nest: a listener acts, and a listener of the resulting event acts as well. */
const DEEPEST = 3;

/** A subscriber, with how many events it was told of. */
interface Subscriber {
  /**
   * How many events came before the first one that it was told of. A subscriber that joins during an event misses
   * that event.
   */
  from: number | undefined;
  seen: number;
  gone: boolean;
  leave: () => void;
}

/** The listeners of one world. */
export class Acting {
  readonly #world: World;
  readonly #clients: Clients;
  /** How often each kind of event was seen for each request or connection. */
  readonly #seen: Map<string, number> = new Map();
  readonly #subscribers: Subscriber[] = [];
  /** How many events have happened so far. */
  #events = 0;
  #depth = 0;
  /** How many times listeners threw. */
  thrown = 0;

  constructor(world: World, clients: Clients) {
    this.#world = world;
    this.#clients = clients;
  }

  get on(): boolean {
    return this.#world.plan.users.actOneIn !== Infinity;
  }

  /** Adds a subscriber that leaves during an event, and one behind it that must not miss any event. */
  start(): void {
    if (!this.on) return;
    this.#subscribe(20);
    this.#subscribe(Infinity);
  }

  /** Called by the first of all listeners. */
  happened(event: PoolEvent, own: RequestRecord | undefined): void {
    if (!this.on) return;
    this.#events += 1;
    if (this.#depth >= DEEPEST) return;
    const prng = this.#prngOf(event, own);
    if (this.#world.plan.users.closesInListener && prng.oneIn(8)) this.#close();
    if (!prng.oneIn(this.#world.plan.users.actOneIn)) return;
    this.#depth += 1;
    try {
      this.#act(prng, own);
    } finally {
      this.#depth -= 1;
    }
  }

  /** Random numbers for this event alone: runtimes differ in the order of events at one moment. */
  #prngOf(event: PoolEvent, own: RequestRecord | undefined): Prng {
    const about = own?.spec.id ?? ("connection" in event ? -event.connection : 0);
    const key = `${event.type} ${about}`;
    const count = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, count);
    let hash = this.#world.seed ^ Math.imul(count, 0x27d4_eb2f);
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
    return new Prng(hash);
  }

  #act(prng: Prng, own: RequestRecord | undefined): void {
    const world = this.#world;
    switch (prng.weighted(ACTS)) {
      case "abort own":
        if (own !== undefined && this.#clients.abort(own)) world.happened("listener aborts its own request");
        return;
      case "abort another":
        if (this.#clients.abortAnother(prng, own)) world.happened("listener aborts another request");
        return;
      case "drain":
        world.happened("listener drains");
        return drain(world, prng.oneIn(2) ? undefined : world.someOrigin(prng), true);
      case "subscribe":
        world.happened("listener subscribes");
        return this.#subscribe(prng.among(1, 5, 40));
      case "unsubscribe":
        return this.#dismiss(prng);
      case "request":
        if (this.#clients.callFromListener(prng)) world.happened("listener starts a request");
        return;
      case "throw":
        world.happened("listener throws");
        this.thrown += 1;
        throw new Error("A listener threw");
    }
  }

  #close(): void {
    if (!this.#world.closing) {
      if (this.#clients.closeFromListener()) this.#world.happened("listener closes");
      return;
    }
    this.#world.happened("listener closes again");
    this.#clients.closeAgain();
  }

  /** Adds a subscriber that unsubscribes after this many events. */
  #subscribe(leavesAfter: number): void {
    if (this.#subscribers.length > 20) return;
    const subscriber: Subscriber = {
      from: leavesAfter === Infinity ? this.#events : undefined,
      seen: 0,
      gone: false,
      leave: () => {},
    };
    const unsubscribe = this.#world.pool.subscribe(() => {
      if (subscriber.gone) return;
      subscriber.from ??= this.#events - 1;
      subscriber.seen += 1;
      if (subscriber.seen < leavesAfter) return;
      this.#world.happened("listener unsubscribes itself");
      subscriber.leave();
    });
    subscriber.leave = () => {
      subscriber.gone = true;
      unsubscribe();
      this.#judge(subscriber, 1);
      const at = this.#subscribers.indexOf(subscriber);
      if (at >= 0) this.#subscribers.splice(at, 1);
    };
    this.#subscribers.push(subscriber);
  }

  #dismiss(prng: Prng): void {
    prng.pick(this.#subscribers.slice(2))?.leave();
  }

  /** `open`: how many events are being delivered now, of which it may not have been told yet. */
  #judge({ from = this.#events, seen }: Subscriber, open: number): void {
    const due = this.#events - from;
    // Events that an action causes are delivered before the event that caused the action.
    const lag = open * (this.#depth + 1);
    this.#world.judges.rules(
      "listeners are told of every event",
      due > 0,
      seen > due || seen < due - lag,
      () => `a listener was told of ${seen} events of ${due}`,
    );
  }

  /** Judges, at the end, that every subscriber was told of every event. */
  end(): void {
    for (const subscriber of this.#subscribers) this.#judge(subscriber, 0);
  }
}
