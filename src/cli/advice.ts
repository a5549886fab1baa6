/** Advice: what follows from an idle comparison, in sentences. */

import { formatMs } from "../contract/duration.ts";
import type { PoolOptions } from "../options/options.ts";
import { type IdleComparison, sendsAgain } from "./idle-comparison.ts";

/** The recommended idle timeout ends this long before the server's, and is at least this long. */
const SECOND_MS = 1000;

/** Which side closes first, and after how long. */
export function whoIsFirst({ first, clientMs, serverMs }: IdleComparison): string {
  const [client, server] = [formatMs(clientMs), formatMs(serverMs)];
  switch (first) {
    case "neither":
      return "Neither side ever closes an idle connection.";
    case "race":
      return `A race: the client gives up an idle connection after ${client}, the server closes it after ${server}.`;
    case "server":
      return clientMs === Infinity
        ? `The server wins: it closes an idle connection after ${server}, the client never gives one up.`
        : `The server wins: it closes an idle connection after ${server}, the client would keep it for ${client}.`;
    case "client":
      if (clientMs === 0) return "No connection is used twice.";
      return serverMs === Infinity
        ? `The client wins: it gives up an idle connection after ${client}, the server never closes one.`
        : `The client wins: it gives up an idle connection after ${client}, the server closes it after ${server}.`;
  }
}

/** What happens to a request that meets a closed connection. */
export function consequence(client: PoolOptions): string {
  const [get, post] = [sendsAgain(client, "GET"), sendsAgain(client, "POST")];
  if (get && post)
    return "A request that meets a closed connection is sent again, even a POST, which may be executed twice.";
  return get
    ? "A GET that meets a closed connection is sent again, a POST fails."
    : "A request that meets a closed connection fails.";
}

/**
 * Which setting makes the client close first.
 *
 * @param name The name of the client's preset.
 */
export function recommendation(name: string, { first, serverMs, clientMs }: IdleComparison): string {
  if (first === "neither")
    return "Recommendation: set an idleTimeout, because a load balancer or firewall between the two may have one.";
  if (first === "client")
    return clientMs === 0
      ? "Recommendation: raise the server's timeout."
      : "Recommendation: leave it as it is.";
  const preset = name === "holdfast" ? "" : `...presets.${name}(), `;
  const idleMs = Math.floor(serverMs / SECOND_MS) * SECOND_MS - SECOND_MS;
  if (idleMs < SECOND_MS)
    return `Recommendation: createPool({ ${preset}maxIdlePerOrigin: 0 }), or raise the server's timeout.`;
  const raise = clientMs === Infinity ? "" : `, or a server timeout above ${formatMs(clientMs)}`;
  return `Recommendation: createPool({ ${preset}idleTimeout: "${formatMs(idleMs)}" })${raise}.`;
}
