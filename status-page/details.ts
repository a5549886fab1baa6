/** Details: what is known of the chosen connection. They stay when it has ended, with the reason and what it means. */

import { HISTORY_MS } from "../src/hono/status/protocol.ts";
import { byId, element, fillChildren, setText } from "./dom.ts";
import { count, countOf, duration } from "./format.ts";
import type { Lane } from "./model.ts";
import { reasonText } from "./reason-texts.ts";

const HINT = "Choose a connection with a click or the arrow keys.";

/** Fills the details of the chosen connection. */
export function fillDetails(lane: Lane | undefined, now: number): void {
  const place = byId("details");
  place.classList.toggle("ended", lane?.end !== undefined);
  const lines = lane === undefined ? [HINT] : linesOf(lane, now);
  fillChildren(place, lines, () => element("p"), setText);
}

function linesOf(lane: Lane, now: number): string[] {
  const { id, origin, remoteAddress, openedAt, requests, protocol } = lane;
  const kind = protocol === undefined ? "Connection" : "HTTP/2 connection";
  const address = remoteAddress === undefined ? "" : ` (${remoteAddress})`;
  return [
    `${kind} ${id} to ${origin}${address}`,
    `${countOf(requests, "request")}, opened ${duration(now - openedAt)} ago, ${activity(lane, now)}`,
    ...stateOrEnd(lane),
  ];
}

function stateOrEnd({ end, state, streams, openedAt }: Lane): string[] {
  if (end !== undefined)
    return [`It ended after ${duration(end[0] - openedAt)}: ${end[1]}`, reasonText(end[1])];
  const carries = streams === undefined ? "" : ` and carries ${count(streams)} requests`;
  return [`It is ${state}${carries}.`];
}

function activity({ bars, end }: Lane, now: number): string {
  const last = bars.at(-1);
  if (end !== undefined) return `closed ${duration(now - end[0])} ago`;
  if (last === undefined) return `no request within ${duration(HISTORY_MS)}`;
  return last[2] < 0 ? "a request is under way" : `idle for ${duration(now - last[2])}`;
}
