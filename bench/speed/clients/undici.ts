/** undici: three of its calls, with the given number of connections. */

import { Agent, Pool, request, setGlobalDispatcher, fetch as undiciFetch } from "undici";
import type { Launch } from "../launch.ts";
import { readable } from "./readable.ts";
import { type Answer, type Client, checkStatus, fetchClient } from "./sender.ts";

function useAgent({ connections, ca, http2 }: Launch): void {
  const sockets = http2 ? 1 : connections;
  setGlobalDispatcher(new Agent({ connections: sockets, allowH2: http2, connect: { ca } }));
}

/** `request()`. */
export const undiciRequest: Client = (launch) => {
  useAgent(launch);
  const { url, read, upload } = launch;
  return async () => {
    const { statusCode, body } = await (upload === 0
      ? request(url)
      : request(url, { method: "POST", body: readable(upload) }));
    checkStatus(statusCode);
    return read === "text" ? (await body.text()).length : (await body.arrayBuffer()).byteLength;
  };
};

/**
 * `Pool.dispatch()`: callbacks, without a promise or headers object of its own. The body is collected, as by all
 * others.
 */
export const undiciDispatch: Client = ({ url, connections, ca, read }) => {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections, connect: { ca } });
  return () =>
    new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      pool.dispatch(
        { path, method: "GET" },
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
};

/** Its own `fetch()`. */
export const undiciOwnFetch: Client = (launch) => {
  useAgent(launch);
  return fetchClient(undiciFetch as unknown as (url: string) => Promise<Answer>)(launch);
};
