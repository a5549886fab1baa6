/**
 * Raw: the lower limit of cost. A socket of the runtime writes the same request again and again and counts bytes. It
 * parses and pools nothing, and makes one promise per response. It learns the length of a head from the first
 * response.
 */

import { connect as netConnect } from "node:net";
import type { Client, Send } from "./sender.ts";

type Arrived = (bytes: Uint8Array, length: number) => void;

/**
 * Opens a socket and returns a function that writes the request. `arrived` is called with the number of bytes that
 * came.
 */
type Open = (host: string, port: number, arrived: Arrived) => Promise<() => void>;

interface BunLike {
  connect(options: object): Promise<{ write(bytes: Uint8Array): number }>;
}

interface DenoLike {
  connect(options: object): Promise<{
    setNoDelay(): void;
    read(into: Uint8Array): Promise<number | null>;
    write(bytes: Uint8Array): Promise<number>;
  }>;
}

const { Bun, Deno } = globalThis as unknown as { Bun?: BunLike; Deno?: DenoLike };

function connectorFor(request: string): Open {
  const bytes = new TextEncoder().encode(request);
  if (Bun !== undefined) return openBun(Bun, bytes);
  return Deno === undefined ? openNode(request) : openDeno(Deno, bytes);
}

function openBun(bun: BunLike, bytes: Uint8Array): Open {
  return async (hostname, port, arrived) => {
    const handlers = { data: (_: unknown, chunk: Uint8Array) => arrived(chunk, chunk.length) };
    const socket = await bun.connect({ hostname, port, socket: handlers });
    return () => void socket.write(bytes);
  };
}

/** Does nothing: either the process is about to exit, or the bench notices that responses are missing. */
function ended(): void {}

function openDeno(deno: DenoLike, bytes: Uint8Array): Open {
  return async (hostname, port, arrived) => {
    const socket = await deno.connect({ hostname, port });
    socket.setNoDelay();
    const buffer = new Uint8Array(65_536);
    const read = (): void => {
      socket.read(buffer).then((length) => {
        arrived(buffer, length ?? 0);
        read();
      }, ended);
    };
    read();
    return () => void socket.write(bytes);
  };
}

const READ_BUFFER = new Uint8Array(65_536);

function openNode(request: string): Open {
  return (host, port, arrived) =>
    new Promise((resolve) => {
      const callback = (length: number): boolean => {
        arrived(READ_BUFFER, length);
        return true;
      };
      const onread = { buffer: READ_BUFFER, callback };
      const socket = netConnect({ host, port, noDelay: true, onread }, () =>
        resolve(() => void socket.write(request, "latin1")),
      );
    });
}

function headSize(bytes: Uint8Array, length: number): number {
  return new TextDecoder().decode(bytes.subarray(0, length)).indexOf("\r\n\r\n") + 4;
}

/** Sends on an idle socket, or on a new one. */
export const raw: Client = ({ url, expected }) => {
  const { hostname, port, host, pathname } = new URL(url);
  const open = connectorFor(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const idle: Send[] = [];
  let answerSize: number | undefined;
  const connect = async (): Promise<Send> => {
    let done: ((size: number) => void) | undefined;
    let received = 0;
    const write = await open(hostname, Number(port), (bytes, length) => {
      received += length;
      answerSize ??= headSize(bytes, length) + expected;
      if (received < answerSize) return;
      received = 0;
      idle.push(send);
      done?.(expected);
    });
    const send: Send = () =>
      new Promise((resolve) => {
        done = resolve;
        write();
      });
    return send;
  };
  return async () => (idle.pop() ?? (await connect()))();
};
