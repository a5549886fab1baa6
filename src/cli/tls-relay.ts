/** TLS relay: passes one connection through a port of this machine, so that the probe sees the records of TLS. */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Relay } from "../probe/tls-ending.ts";

/** Listens on the loopback address for one connection, and passes it on to the server. */
export async function openRelay(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  watch: (bytes: Uint8Array) => void,
): Promise<Relay> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (ours) => {
    listener.close();
    join(ours, connect({ host: hostname, port, allowHalfOpen: true, noDelay: true }), watch);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  return { port: (listener.address() as AddressInfo).port, close: () => void listener.close() };
}

/** Both directions: bytes, FIN and RST. */
function join(ours: Socket, server: Socket, watch: (bytes: Uint8Array) => void): void {
  ours.on("data", (bytes: Uint8Array) => server.write(bytes));
  server.on("data", (bytes: Uint8Array) => {
    watch(bytes);
    ours.write(bytes);
  });
  for (const [from, to] of [
    [ours, server],
    [server, ours],
  ] as const) {
    from.on("end", () => to.end());
    from.on("error", () => drop(to));
    from.on("close", () => to.end());
  }
}

/** By RST where the runtime can (not on Deno 2.9). */
function drop(socket: Socket): void {
  if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
  else socket.destroy();
}
