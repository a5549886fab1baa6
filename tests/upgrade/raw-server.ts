/** A server of raw bytes: what a test says, on TCP or on a Unix socket. */

import { createServer, type Socket } from "node:net";

/** A listening server, and the sockets that it has accepted. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly sockets: readonly Socket[];
}

/** Calls `asked` with the head of each request, once it is complete, and with what came behind it. */
export async function rawServer(
  asked: (head: string, socket: Socket, behind: Uint8Array) => void,
  path?: string,
): Promise<RawServer> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    let head = "";
    const onData = (bytes: Uint8Array): void => {
      head += Buffer.from(bytes).toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      asked(head.slice(0, end + 4), socket, Buffer.from(head.slice(end + 4), "latin1"));
    };
    socket.on("data", onData);
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads a stream to its end, as latin1 text. */
export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of stream as AsyncIterable<Uint8Array>)
    text += Buffer.from(piece).toString("latin1");
  return text;
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
