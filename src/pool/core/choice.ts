/** Choice: which connection of an origin a request takes, and for which one it must wait though others come free. */

import { chooseIdle } from "../../rules/idle-choice.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";
import type { Sharing } from "./sharing.ts";

/** The connection that a request takes at once, if there is one. */
export function chooseFor<C, W>(
  origin: OriginRecord<C, W>,
  waiter: Waiter<C, W>,
  sharing: Sharing<C, W>,
  now: number,
): ConnectionRecord<C, W> | undefined {
  if (origin.room.size === 0) return idleFor(origin, waiter, now);
  // Where load is spread, an idle connection takes a request before a busy one does.
  const idle = origin.rules.spread === "all" ? idleFor(origin, waiter, now) : undefined;
  return idle ?? sharing.choose(origin, waiter, now) ?? idleFor(origin, waiter, now);
}

function idleFor<C, W>(
  origin: OriginRecord<C, W>,
  { fresh, unsafe }: Waiter<C, W>,
  now: number,
): ConnectionRecord<C, W> | undefined {
  return fresh ? undefined : chooseIdle(origin, origin.rules, unsafe, now);
}

/**
 * Whether the request that is next wants a connection alone, and limits let none be opened: with those that come free others would
 * overtake it for ever.
 */
export function wantsPlaceAlone<C, W>(origin: OriginRecord<C, W>): boolean {
  return origin.waiters.first?.alone === true && origin.connecting === 0;
}
