/** A socket server behind the gateway. It records each request's head as received, and answers with given bytes. */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** One request's head. */
export interface SeenHead {
  /** Method, target and version. */
  readonly line: string;
  /** Name and value of each field, in order, the name in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** A running raw origin. */
export interface RawOrigin {
  readonly url: string;
  /** The heads received so far. */
  readonly heads: SeenHead[];
  /** All bytes received so far, as they came, on all connections. */
  received: string;
  /** The bytes of the response to a request, by its target. */
  answer: (target: string) => string;
  close(): Promise<unknown>;
}

/** Starts a raw origin. It keeps connections open. It reads chunked bodies, else those with a `Content-Length`. */
export async function startRawOrigin(): Promise<RawOrigin> {
  const heads: SeenHead[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("data", (data: string) => {
      text += data;
      origin.received += data;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = headOf(text.slice(0, end));
        const length = lengthOf(head, text.slice(end + 4));
        if (fieldOf(head, "expect") !== undefined && text.length === end + 4)
          socket.write("HTTP/1.1 100 Continue\r\n\r\n");
        if (length === undefined || text.length < end + 4 + length) break;
        text = text.slice(end + 4 + length);
        heads.push(head);
        socket.write(origin.answer(head.line.split(" ")[1] ?? ""), "latin1");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(resolve);
    });
  const origin: RawOrigin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    received: "",
    answer: () => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    close,
  };
  return origin;
}

/** The value of a field, with its lines joined; `undefined` if there is none. */
export function fieldOf({ fields }: SeenHead, name: string): string | undefined {
  const values = fields.flatMap(([found, value]) => (found === name ? [value] : []));
  return values.length === 0 ? undefined : values.join(", ");
}

function headOf(text: string): SeenHead {
  const [line = "", ...lines] = text.split("\r\n");
  const fields = lines.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  return { line, fields };
}

/** The length of a body, of which `text` is what has arrived; `undefined` while the last chunk is missing. */
function lengthOf(head: SeenHead, text: string): number | undefined {
  if (fieldOf(head, "transfer-encoding") === undefined) return Number(fieldOf(head, "content-length") ?? 0);
  const end = /^(?:[\s\S]*?\r\n)?0\r\n(?:[^\r]+\r\n)*\r\n/.exec(text);
  return end?.[0].length;
}
