/**
 * Clients: Holdfast and the built-in fetch. Each is a function like `fetch`, with what can be known of its
 * connections.
 */

import { createPool, type PoolOptions } from "../../mod.ts";
import { isNode } from "./runtime.ts";
import type { FetchLike } from "./send.ts";
import { type PoolView, Watch } from "./watch.ts";

export type ClientName = "holdfast" | "builtin";

export interface Client {
  readonly name: ClientName;
  /** The name for people. */
  readonly title: string;
  readonly fetch: FetchLike;
  /** What Holdfast reports about an origin. */
  view(origin: string): PoolView | undefined;
  /** How many connections were opened to an origin, if the client reports it. */
  opened(origin: string): number | undefined;
  close(): Promise<void>;
}

/** How long aborted requests may take to end. */
const CLOSE_TIMEOUT = "500ms";

export function holdfastClient(options: PoolOptions): Client {
  const watch = new Watch();
  const pool = createPool({ ...options, onEvent: watch.listen });
  return {
    name: "holdfast",
    title: "Holdfast",
    fetch: pool.fetch,
    view: (origin) => watch.view(origin),
    opened: (origin) => watch.view(origin).opened,
    close: () => {
      watch.end();
      return pool.close({ timeout: CLOSE_TIMEOUT });
    },
  };
}

export async function builtinClient(): Promise<Client> {
  const opened = isNode() ? await watchUndici() : undefined;
  return {
    name: "builtin",
    title: "built-in fetch",
    fetch: (url, init) => fetch(url, init),
    view: () => undefined,
    opened: (origin) => (opened === undefined ? undefined : (opened.get(origin) ?? 0)),
    close: () => Promise.resolve(),
  };
}

/** The parts of undici's `undici:client:connected` message that are used. */
interface Connected {
  readonly connectParams?: { readonly protocol?: string; readonly host?: string };
}

/** Counts the connections of the undici inside Node, by origin. */
async function watchUndici(): Promise<ReadonlyMap<string, number>> {
  const { subscribe } = await import("node:diagnostics_channel");
  const opened = new Map<string, number>();
  subscribe("undici:client:connected", (message) => {
    const { protocol = "", host = "" } = (message as Connected).connectParams ?? {};
    const origin = `${protocol}//${host}`;
    opened.set(origin, (opened.get(origin) ?? 0) + 1);
  });
  return opened;
}
