/** Under undici: its calls and those of Node, with a pool as their dispatcher, by its default rules. */

import { Dispatcher, setGlobalDispatcher } from "undici";
import { dispatcher, setGlobalDispatcher as setOwnGlobalDispatcher } from "../../../src/dispatcher/mod.ts";
import type { Launch } from "../launch.ts";
import { poolFor } from "./holdfast.ts";
import { builtInFetch, type Client } from "./sender.ts";
import { dispatchClient, ownFetchClient, requestClient } from "./undici.ts";

/** The same client over a pool. */
function over(client: Client): Client {
  return (launch: Launch) => {
    setGlobalDispatcher(dispatcher(poolFor(launch), Dispatcher));
    return client(launch);
  };
}

/** `undici.request()`. */
export const underRequest: Client = over(requestClient);

/** `undici.fetch()`. */
export const underFetch: Client = over(ownFetchClient);

/**
 * Node's own `fetch()`, without the package undici, as the documents show it. `setGlobalDispatcher` of undici 8 puts a wrapper of its
 * own before every dispatcher, for the handlers of the `fetch` in Node 24.
 */
export const underBuiltInFetch: Client = (launch) => {
  setOwnGlobalDispatcher(dispatcher(poolFor(launch)));
  return builtInFetch(launch);
};

/** `dispatch()` alone. */
export const underDispatch: Client = (launch) =>
  dispatchClient(dispatcher(poolFor(launch), Dispatcher), launch);
