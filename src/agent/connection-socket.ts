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
  pool: ConnectionPool<Wire>,
  connection: PooledConnection<Wire>,
  group: SocketGroup,
): AgentSocket {
  const facts = connection.socket ?? {};
  const socket = new AgentSocket(facts, group.groupName, {
    degraded(option, asked) {
      const told = { transport: "any", option: `agent.${option}`, asked, applied: false } as const;
      pool.observers.publish({ type: "option.degraded", ...told });
    },
    destroyedIdle: (destroyed) => retireBehind(pool, destroyed),
  });
  connection.face = socket;
  const { scheme } = connection.record.originRecord.origin;
  return scheme === "https" ? showTls(socket, isVerified(group)) : socket;
}

/** Ends the connection that a socket stands for. It may be another than in the beginning. */
function retireBehind(pool: ConnectionPool<Wire>, socket: AgentSocket): void {
  for (const { connections } of pool.core.origins.records())
    for (const { attachment } of connections)
      if (attachment?.face === socket) return pool.retire(attachment, "aborted");
}

function isVerified({ origin, settings: { tls } }: SocketGroup): boolean {
  const own = origin.route?.tls?.rejectUnauthorized;
  return own ?? (typeof tls === "function" || tls.rejectUnauthorized !== false);
}
