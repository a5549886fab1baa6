/** `node:http2`: one session. */

import * as http2 from "node:http2";
import { readable } from "./readable.ts";
import { type Client, checkStatus } from "./sender.ts";

/** Node's own windows of 64 KiB would make large answers wait. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 64 * STREAM_WINDOW;

export const nodeHttp2: Client = ({ url, ca, read, upload }) => {
  const { origin, pathname } = new URL(url);
  const settings = { initialWindowSize: STREAM_WINDOW, enablePush: false };
  const session = http2.connect(origin, { settings, ...(ca === undefined ? {} : { ca }) });
  session.on("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW));
  const head = { ":path": pathname, ":method": upload === 0 ? "GET" : "POST" };
  return () =>
    new Promise((resolve, reject) => {
      const stream = session.request(head);
      const pieces: Buffer[] = [];
      stream.on("response", (headers) => checkStatus(headers[":status"]));
      stream.on("data", (piece: Buffer) => void pieces.push(piece));
      stream.on("error", reject);
      stream.on("end", () => {
        const body = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
        resolve(read === "text" ? body.toString("utf8").length : body.length);
      });
      if (upload > 0) readable(upload).pipe(stream);
    });
};
