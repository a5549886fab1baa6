/** Silent network: a transport whose sockets answer from memory, for what is measured without a network. */

import type { Socket, SocketHandler, Transport } from "../../src/contract/transport.ts";
import { detectTransport } from "../../transports/detect.ts";

function socketOf(asked: () => void): Socket {
  const nothing = (): void => {};
  return {
    applied: { tcpKeepAlive: false, noDelay: true },
    write() {
      asked();
      return true;
    },
    pause: nothing,
    resume: nothing,
    ref: nothing,
    setHandler: nothing,
    close: nothing,
    abort: nothing,
    startTls: () => Promise.reject(new Error("No TLS here")),
  };
}

/** The transport of the runtime, but for its sockets. `server` is called for each, and returns what each write calls. */
export async function silentNetwork(server: (handler: SocketHandler) => () => void): Promise<Transport> {
  return { ...(await detectTransport()), connect: async (_, handler) => socketOf(server(handler)) };
}
