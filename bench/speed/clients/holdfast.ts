/** Holdfast: both of its calls, with its default rules. */

import { createPool, type Pool } from "../../../mod.ts";
import type { Launch } from "../launch.ts";
import { type Client, checkStatus, fetchClient, uploadBody } from "./sender.ts";

/** The pool of a launch. Where requests come as they come, it has no more connections than others are allowed. */
export const poolFor = ({ ca, http2, arrivals, connections }: Launch): Pool =>
  createPool({
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(arrivals === undefined ? {} : { maxConnectionsPerOrigin: connections }),
    ...(http2 ? { http2: "alpn", maxConnectionsPerOrigin: 1 } : { http2: false }),
  });

/** `pool.request()`. */
export const holdfastRequest: Client = (launch) => {
  const pool = poolFor(launch);
  const { url, read, upload } = launch;
  return async () => {
    const response = await (upload === 0
      ? pool.request(url)
      : pool.request(url, { method: "POST", body: uploadBody(launch) }));
    checkStatus(response.status);
    return read === "text" ? (await response.text()).length : (await response.bytes()).length;
  };
};

/** `pool.fetch()`. */
export const holdfastFetch: Client = (launch) => fetchClient(poolFor(launch).fetch)(launch);
