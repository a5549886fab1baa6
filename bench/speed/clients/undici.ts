/** undici: three of its calls, with the given number of connections. */

import {
  Agent,
  type Dispatcher,
  FormData,
  Pool,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
} from "undici";
import type { Launch } from "../launch.ts";
import { readable } from "./readable.ts";
import {
  type Answer,
  type Client,
  checkStatus,
  fetchClient,
  formOf,
  type Upload,
  uploadBody,
} from "./sender.ts";

function useAgent({ connections, ca, http2 }: Launch): void {
  const sockets = http2 ? 1 : connections;
  setGlobalDispatcher(new Agent({ connections: sockets, allowH2: http2, connect: { ca } }));
}

/** `request()`. */
export const undiciRequest: Client = (launch) => {
  useAgent(launch);
  return requestClient(launch);
};

/** Its own form: a form of the runtime it would send as "[object FormData]". */
function uploadOf(launch: Launch): Upload {
  if (launch.body !== "form") return uploadBody(launch);
  return formOf(FormData as unknown as new () => globalThis.FormData);
}

/** Node's stream, as its documentation shows. */
function bodyOf(launch: Launch): NonNullable<Dispatcher.DispatchOptions["body"]> {
  return launch.body === "stream" ? readable(launch.upload) : (uploadOf(launch) as Uint8Array);
}

/** `request()` through the global dispatcher. */
export const requestClient: Client = (launch) => {
  const { url, read, upload } = launch;
  return async () => {
    const { statusCode, body } = await (upload === 0
      ? request(url)
      : request(url, { method: "POST", body: bodyOf(launch) }));
    checkStatus(statusCode);
    return read === "text" ? (await body.text()).length : (await body.arrayBuffer()).byteLength;
  };
};

/**
 * `Pool.dispatch()`: callbacks, without a promise or headers object of its own. The body is collected, as by all
 * others.
 */
export const undiciDispatch: Client = (launch) => {
  const { connections, ca } = launch;
  return dispatchClient(new Pool(new URL(launch.url).origin, { connections, connect: { ca } }), launch);
};

/** `dispatch()` of a dispatcher. */
export function dispatchClient(
  dispatcher: Pick<Dispatcher, "dispatch">,
  { url, read }: Launch,
): ReturnType<Client> {
  const { origin, pathname: path } = new URL(url);
  return () =>
    new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      dispatcher.dispatch(
        { origin, path, method: "GET" },
        {
          onRequestStart() {},
          onResponseStart: (_, status) => checkStatus(status),
          onResponseData: (_, chunk) => void pieces.push(chunk),
          onResponseEnd() {
            const body = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
            resolve(read === "text" ? body.toString("utf8").length : body.length);
          },
          onResponseError: (_, error) => reject(error),
        },
      );
    });
}

/** Its own `fetch()`. */
export const undiciOwnFetch: Client = (launch) => {
  useAgent(launch);
  return ownFetchClient(launch);
};

/** Its own `fetch()` through the global dispatcher. */
export const ownFetchClient: Client = fetchClient(
  undiciFetch as unknown as (url: string) => Promise<Answer>,
  uploadOf,
);
