/** Persistence: after which responses a connection can be reused (RFC 9112 §6.3, §9.3), and why not after others. */

import type { RetireReason } from "../../../mod.ts";
import type { Scenario } from "../harness/scenario.ts";

interface Row {
  readonly name: string;
  readonly method?: string;
  readonly response: string;
  /** Status that the caller gets. Default: 200. */
  readonly status?: number;
  /** Body that the caller gets. Default: `ok`. */
  readonly body?: string;
  /** The retire reason, if the connection is not reused. */
  readonly retired?: RetireReason;
}

/** A response with the body `ok`. */
function reply(version: string, ...fields: readonly string[]): string {
  return `HTTP/${version} 200 OK\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\nok`;
}

const LENGTH = "Content-Length: 2";

const rows: readonly Row[] = [
  { name: "1.1 without Connection", response: reply("1.1", LENGTH) },
  { name: "1.0 without Connection", response: reply("1.0", LENGTH), retired: "not-persistent" },
  { name: "1.0 with keep-alive", response: reply("1.0", LENGTH, "Connection: keep-alive") },
  { name: "1.0 with Keep-Alive in capitals", response: reply("1.0", LENGTH, "CONNECTION: KEEP-ALIVE") },
  {
    name: "1.0 with keep-alive, close",
    response: reply("1.0", LENGTH, "Connection: keep-alive, close"),
    retired: "peer-close",
  },
  {
    name: "1.0 with Proxy-Connection: keep-alive",
    response: reply("1.0", LENGTH, "Proxy-Connection: keep-alive"),
    retired: "not-persistent",
  },
  {
    name: "1.0 with Connection: foo",
    response: reply("1.0", LENGTH, "Connection: foo"),
    retired: "not-persistent",
  },
  {
    name: "1.1 with keep-alive, close",
    response: reply("1.1", LENGTH, "Connection: keep-alive, close"),
    retired: "peer-close",
  },
  {
    name: "1.1 with close, TE",
    response: reply("1.1", LENGTH, "Connection: close, TE"),
    retired: "peer-close",
  },
  {
    name: "1.1 with Close in mixed case and blanks",
    response: reply("1.1", LENGTH, "cONNECTION: \t ,, ClOsE\t"),
    retired: "peer-close",
  },
  {
    name: "404 with close",
    response: "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    status: 404,
    retired: "peer-close",
  },
  { name: "1.1 with not-closed", response: reply("1.1", LENGTH, "Connection: not-closed") },
  {
    name: "lines close, then keep-alive",
    response: reply("1.1", LENGTH, "Connection: close", "Connection: keep-alive"),
    retired: "peer-close",
  },
  {
    name: "lines keep-alive, then close",
    response: reply("1.1", LENGTH, "Connection: keep-alive", "Connection: close"),
    retired: "peer-close",
  },
  { name: "Proxy-Connection: close", response: reply("1.1", LENGTH, "Proxy-Connection: close") },
  { name: "1.1 with Connection: foo", response: reply("1.1", LENGTH, "Connection: foo") },
  { name: "1.1 with an empty Connection", response: reply("1.1", LENGTH, "Connection:") },
  { name: "a later minor version", response: reply("1.2", LENGTH) },
  {
    name: "junk directly behind the body",
    response: `${reply("1.1", LENGTH)}junk`,
    retired: "bad-framing",
  },
  {
    name: "a second response directly behind the first",
    response: reply("1.1", LENGTH) + reply("1.1", LENGTH),
    retired: "bad-framing",
  },
  {
    name: "junk directly behind a chunked body",
    response: `${reply("1.1", "Transfer-Encoding: chunked").slice(0, -2)}2\r\nok\r\n0\r\n\r\njunk`,
    retired: "bad-framing",
  },
  { name: "two identical Content-Length lines", response: reply("1.1", LENGTH, LENGTH) },
  { name: "a list of identical Content-Lengths", response: reply("1.1", "Content-Length: 2, 2 ,2") },
  {
    name: "Transfer-Encoding: chunked with Content-Length",
    response:
      "HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    retired: "bad-framing",
  },
  {
    name: "1.0 with keep-alive and Transfer-Encoding: chunked",
    response:
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    retired: "bad-framing",
  },
  {
    name: "1.1 with Transfer-Encoding: Chunked in mixed case",
    response: "HTTP/1.1 200 OK\r\nTransfer-Encoding:\t Chunked \r\n\r\n2\r\nok\r\n0\r\n\r\n",
  },
  {
    name: "205 with Content-Length: 0",
    response: "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    status: 205,
    body: "",
  },
  { name: "204 without a length", response: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, body: "" },
  {
    name: "204 with a meaningless Content-Length",
    response: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    status: 204,
    body: "",
  },
  {
    name: "204 with a body",
    response: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    status: 204,
    body: "",
    retired: "bad-framing",
  },
  {
    name: "304 with a Content-Length",
    response: "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n",
    status: 304,
    body: "",
  },
  {
    name: "a response to HEAD with a length",
    method: "HEAD",
    response: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    body: "",
  },
  {
    name: "a response to HEAD with Transfer-Encoding: chunked",
    method: "HEAD",
    response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    body: "",
  },
  {
    name: "a response to HEAD with a body",
    method: "HEAD",
    response: reply("1.1", LENGTH),
    body: "",
    retired: "bad-framing",
  },
  {
    name: "a status line without a reason",
    response: "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
  },
];

/** Two requests: the connection of the second shows whether that of the first was reused. */
function traceOf({ method = "GET", status = 200, body = "ok", retired }: Row): string {
  const first = `started 1 ${method} · queued (1 waiting) · opened #1 · acquired #1 request 1`;
  const note = `> ${status} ${JSON.stringify(body)}`;
  if (retired === undefined) {
    return `
      ${first} · released #1 · finished 1 ${status} · ${note}
      started 2 ${method} · acquired #1 request 2 · released #1 · finished 2 ${status} · ${note}
    `;
  }
  return `
    ${first} · retired #1 ${retired} · finished 1 ${status} · ${note}
    started 2 ${method} · queued (1 waiting) · opened #2 · acquired #2 request 1
    retired #2 ${retired} · finished 2 ${status} · ${note}
  `;
}

const vectors = rows.map((row): Scenario => {
  const { name, method = "GET", response, retired } = row;
  return {
    name: `After ${name} the connection is ${retired === undefined ? "reused" : `retired: ${retired}`}`,
    async server(peer) {
      for (;;) {
        await peer.request();
        await peer.send(response);
      }
    },
    async client({ request, note }) {
      for (let at = 0; at < 2; at++) {
        const answer = await request("/", { method });
        note(`${answer.status} ${JSON.stringify(await answer.text())}`);
      }
    },
    trace: traceOf(row),
  };
});

const untilClose: Scenario[] = [
  {
    name: "A body without a length ends with the connection",
    async server(peer) {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\n\r\n");
      await peer.wait("more");
      await peer.send("until the end");
      peer.end();
    },
    async client({ request, note, signal }) {
      const answer = await request();
      note(answer.status);
      signal("more");
      note(await answer.text());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      > 200
      retired #1 not-persistent · finished 1 200 · > until the end
    `,
  },
  {
    name: "An HTTP/1.0 body without a length ends with the connection",
    async server(peer) {
      await peer.request();
      await peer.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
      peer.end();
    },
    async client({ get, note }) {
      note(await get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 not-persistent · finished 1 200 · > until the end
    `,
  },
  {
    name: "A FIN directly behind a response retires the connection, not the response",
    async server(peer) {
      await peer.request();
      await peer.send(reply("1.1", LENGTH));
      peer.end();
    },
    async client({ get, note, until }) {
      const answer = get();
      await until("retired #1 peer-closed");
      note(await answer);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200
      retired #1 peer-closed
      > ok
    `,
  },
];

export const persistence: Scenario[] = [...vectors, ...untilClose];
