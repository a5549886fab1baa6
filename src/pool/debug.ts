/** Debug: prints the events of a pool where the environment asks for that (`HOLDFAST_DEBUG=1`). */

import type { Clock } from "../contract/clock.ts";
import type { PoolEvent } from "../contract/events.ts";
import type { Transport } from "../contract/transport.ts";
import type { Observers } from "./observers.ts";

/** Prints events from now on, if the transport gives a way to. The code that makes lines is loaded then. */
export function printIfAsked(observers: Observers, { debug }: Transport, clock: Pick<Clock, "now">): void {
  const write = debug?.();
  if (write === undefined) return;
  const startedAt = clock.now();
  let early: [event: PoolEvent, at: number][] = [];
  let print = (event: PoolEvent, at: number): void => void early.push([event, at]);
  observers.add((event) => print(event, clock.now()));
  void import("./event-lines.ts").then(({ linesOfPool }) => {
    const lineOf = linesOfPool(startedAt);
    print = (event, at) => write(lineOf(event, at));
    for (const [event, at] of early) print(event, at);
    early = [];
  });
}
