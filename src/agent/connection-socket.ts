/** Connection socket: the socket of `node:http` that stands for a connection of the pool. It is made with the first request on it. */

import type { Origin } from "../contract/origin.ts";
import type { Wire } from "../contract/wire.ts";
import type { Settings } from "../options/resolve.ts";
import type { PooledConnection } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { AgentSocket, showTls } from "./agent-socket.ts";

/** Of a request: what the socket is listed under, and what counts for its origin. */
export interface SocketGroup {
  readonly groupName: string;
  readonly origin: Origin;
  readonly settings: Settings;
}

/** The socket of a connection. */
export function socketFor(
  pool: ConnectionPool<Wire>,
  connection: PooledConnection<Wire>,
  group: SocketGroup,
): AgentSocket {
  const { face } = connection;
  return face instanceof AgentSocket ? face : newSocket(pool, connection, group);
}

function newSocket(
  { observers }: ConnectionPool<Wire>,
  connection: PooledConnection<Wire>,
  group: SocketGroup,
): AgentSocket {
  const facts = connection.socket ?? {};
  const socket = new AgentSocket(facts, group.groupName, (option, asked) => {
    observers.publish({
      type: "option.degraded",
      transport: "any",
      option: `agent.${option}`,
      asked,
      applied: false,
    });
  });
  connection.face = socket;
  const { scheme } = connection.record.originRecord.origin;
  return scheme === "https" ? showTls(socket, isVerified(group)) : socket;
}

function isVerified({ origin, settings: { tls } }: SocketGroup): boolean {
  const own = origin.route?.tls?.rejectUnauthorized;
  return own ?? (typeof tls === "function" || tls.rejectUnauthorized !== false);
}
