/** Test server: a raw server on a real port of this machine. Node, Deno and Bun have `node:net`. */

import { createServer, type Socket } from "node:net";

/** The server's end of one connection. */
export interface TestPeer {
  /** Sends text, a byte for each character. */
  send(text: string): void;
  /** Sends FIN. */
  end(): void;
  /** Sends RST. */
  reset(): void;
  /** Called with all that it reads. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once when the connection is over. */
  onClosed(listener: () => void): void;
}

/** A server that listens. */
export interface TestServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The port of the URL. */
  readonly port: number;
  /** How many connections it has accepted. */
  readonly accepted: number;
  /** Ends all connections and stops to listen. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function listenRaw(accept: (peer: TestPeer) => void): Promise<TestServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    open.add(socket);
    // What the client does to the connection is for the test to judge.
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    accept(peerOf(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get accepted() {
      return accepted;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function peerOf(socket: Socket): TestPeer {
  return {
    send: (text) => void socket.write(text, "latin1"),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    onData: (listener) => void socket.on("data", listener),
    onClosed: (listener) => void socket.once("close", () => listener()),
  };
}
