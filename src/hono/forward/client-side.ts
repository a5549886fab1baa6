/** The client's side of a request, as far as the server shows it: address, HTTP version, target, and Node's own objects. */

import { bindingsOf, type NodeIncoming, type NodeOutgoing } from "../upstream/server-bindings.ts";

/** What the server shows of the client. */
export interface ClientSide {
  /** The peer's IP address; `undefined` with a Unix socket and with `app.request()`. */
  readonly address: string | undefined;
  /** As `Via` has it. Servers that do not tell it count as 1.1. */
  readonly version: string;
  /** The scheme that the request came by. */
  readonly protocol: "http" | "https";
  readonly incoming: NodeIncoming | undefined;
  readonly outgoing: NodeOutgoing | undefined;
}

/** Reads what the server passed to the application. `original`: the server's own request, by which Bun.serve knows the peer. */
export function clientSide(env: unknown, original: Request): ClientSide {
  const bindings = bindingsOf(env);
  const { incoming, outgoing, remoteAddr } = bindings ?? {};
  if (incoming !== undefined) {
    const { httpVersion = "1.1", socket } = incoming;
    // A client may write any scheme in an absolute target, and @hono/node-server takes it over.
    const protocol = socket?.encrypted === true ? "https" : "http";
    const address = plainAddress(socket?.remoteAddress);
    return { address, version: httpVersion, protocol, incoming, outgoing };
  }
  const address = plainAddress(remoteAddr?.hostname ?? bindings?.requestIP?.(original)?.address);
  const protocol = original.url.startsWith("https:") ? "https" : "http";
  return { address, version: "1.1", protocol, incoming: undefined, outgoing: undefined };
}

/** An IPv4 address that a socket for both families shows as IPv6 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith("::ffff:") === true && address.includes(".")
    ? address.slice("::ffff:".length)
    : address;
}
