/** Client socket: joins the socket of a `node:http` server with an upgraded one, byte by byte in both directions. */

import type { UpgradedSocket } from "../../exchange/upgraded-socket.ts";

/** The part of `net.Socket` that is used. Node has it, and the `node:http` of Deno and Bun. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean | undefined;
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  readonly writableEnded: boolean;
  write(bytes: Uint8Array | string, encoding?: "latin1"): boolean;
  end(): unknown;
  destroy(): unknown;
  pause(): unknown;
  resume(): unknown;
  setTimeout(ms: number): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end" | "drain" | "close" | "error", listener: () => void): unknown;
}

/** Passes bytes on until both directions have ended, or one side fails: then the other is dropped as well. */
export function join(client: ClientSocket, upstream: UpgradedSocket, head: Uint8Array): void {
  const drop = (reason?: unknown): void => {
    upstream.abort(reason);
    client.destroy();
  };
  client.on("close", () => upstream.abort(new Error("The client has left")));
  toUpstream(client, upstream.writable.getWriter(), head, drop);
  void toClient(client, upstream.readable.getReader()).catch(drop);
}

function toUpstream(
  client: ClientSocket,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  head: Uint8Array,
  drop: (reason: unknown) => void,
): void {
  const pass = (bytes: Uint8Array): void => {
    client.pause();
    writer.write(bytes).then(() => client.resume(), drop);
  };
  if (head.length > 0) pass(head);
  client.on("data", pass);
  client.on("end", () => void writer.close().catch(drop));
  if (client.readableEnded) void writer.close().catch(drop);
  else client.resume();
}

/** Passes bytes on to the client, as fast as it reads, and then ends its direction. */
export async function toClient(
  client: ClientSocket,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  let resume = (): void => {};
  client.on("drain", () => resume());
  client.on("close", () => resume());
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (client.destroyed) return;
    const drained = new Promise<void>((resolve) => {
      resume = resolve;
    });
    if (!client.write(piece.value)) await drained;
  }
  client.end();
}

/** Ends the connection of a client that got no upgrade. What it still sends is read and dropped, or it would get an RST. */
export function endWith(client: ClientSocket): void {
  client.resume();
  client.end();
}
