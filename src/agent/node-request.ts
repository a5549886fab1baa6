/** Node request: a request of `node:http`, with what its types do not tell. Node, Deno and Bun have all of it. */

import type { ClientRequest, IncomingMessage } from "node:http";
import type { AgentSocket } from "./agent-socket.ts";

/** A request as `node:http` has it, with the members that are not among its types. */
export type NodeRequest = ClientRequest & {
  readonly res?: IncomingMessage | null;
  shouldKeepAlive: boolean;
  timeout?: number;
  _header?: string | null;
  _last?: boolean;
  /** What was written before there was a socket. */
  readonly outputData?: readonly { data: unknown }[];
  onSocket(socket: AgentSocket | undefined, error?: Error): void;
};
