/** Malformed: responses that are not valid HTTP/1.1 as Holdfast accepts it. No part of them reaches another request. */

import { type Phase, type PoolOptions, ProtocolError, type ProtocolFault } from "../../../mod.ts";
import { ok } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

interface Row {
  readonly name: string;
  readonly fault: ProtocolFault;
  readonly response: string;
  readonly limits?: PoolOptions["responseLimits"];
  /** Default: headers. */
  readonly phase?: Phase;
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const rows: readonly Row[] = [
  { name: "no status line", fault: "bad-status-line", response: "Hello, world: this is no HTTP\r\n\r\n" },
  { name: "an SSH banner", fault: "bad-status-line", response: "SSH-2.0-OpenSSH_9.6\r\n\r\n" },
  { name: "HTTP/0.9", fault: "bad-status-line", response: "<html>no head at all</html>\r\n\r\n" },
  { name: "HTTP/2.0", fault: "bad-version", response: "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" },
  {
    name: "lower case http",
    fault: "bad-status-line",
    response: "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  },
  { name: "a status of two digits", fault: "bad-status-line", response: "HTTP/1.1 99 Odd\r\n\r\n" },
  { name: "a status of letters", fault: "bad-status-line", response: "HTTP/1.1 abc OK\r\n\r\n" },
  { name: "a NUL in the reason", fault: "bad-status-line", response: "HTTP/1.1 200 O\0K\r\n\r\n" },
  {
    name: "a line that ends with LF alone",
    fault: "bad-line-ending",
    response: "HTTP/1.1 200 OK\nA: b\r\n\r\n",
  },
  { name: "a CR without LF", fault: "bad-line-ending", response: `${OK}A: b\rC: d\r\n\r\n` },
  { name: "a blank before the colon", fault: "bad-header", response: `${OK}Content-Length : 2\r\n\r\nok` },
  { name: "a header without a colon", fault: "bad-header", response: `${OK}just a line\r\n\r\n` },
  { name: "a header without a name", fault: "bad-header", response: `${OK}: value\r\n\r\n` },
  { name: "a NUL in a value", fault: "bad-header", response: `${OK}A: b\0c\r\n\r\n` },
  {
    name: "a folded Content-Length",
    fault: "bad-header",
    response: `${OK}Content-Length: 1\r\n 0\r\n\r\nok`,
  },
  { name: "a first line that is folded", fault: "bad-header", response: `${OK} A: b\r\n\r\n` },
  ...["abc", "-1", "+2", "0x2", "1e1", "2.0", "", "2 2", "99999999999999999999"].map(
    (value): Row => ({
      name: `Content-Length: ${JSON.stringify(value)}`,
      fault: "bad-content-length",
      response: `${OK}Content-Length: ${value}\r\n\r\nok`,
    }),
  ),
  {
    name: "two Content-Lengths that differ",
    fault: "bad-content-length",
    response: `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`,
  },
  {
    name: "a list of Content-Lengths that differ",
    fault: "bad-content-length",
    response: `${OK}Content-Length: 2, 3\r\n\r\nok!`,
  },
  ...["gzip, chunked", "chunked, chunked", "chunked, gzip", "identity, chunked", "xchunked", ""].map(
    (value): Row => ({
      name: `Transfer-Encoding: ${JSON.stringify(value)}`,
      fault: "bad-transfer-encoding",
      response: `${OK}Transfer-Encoding: ${value}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    }),
  ),
  ...["zz", " 2", "2 0", "2;", "2;=a", "-2", "0x2", "", "1000000000000000000"].map(
    (size): Row => ({
      name: `the chunk size ${JSON.stringify(size)}`,
      fault: "bad-chunk",
      phase: "body",
      response: `${CHUNKED}${size}\r\nok\r\n0\r\n\r\n`,
    }),
  ),
  {
    name: "a chunk that is too long",
    fault: "bad-chunk",
    phase: "body",
    response: `${CHUNKED}2\r\nokay\r\n0\r\n\r\n`,
  },
  {
    name: "a chunk line that ends with LF",
    fault: "bad-chunk",
    phase: "body",
    response: `${CHUNKED}2\nok\r\n0\r\n\r\n`,
  },
  {
    name: "a malformed trailer",
    fault: "bad-trailer",
    phase: "body",
    response: `${CHUNKED}0\r\nno colon\r\n\r\n`,
  },
  {
    name: "a head beyond headBytes",
    fault: "head-too-large",
    limits: { headBytes: 200 },
    response: `${OK}${"A: b\r\n".repeat(50)}\r\n`,
  },
  {
    name: "a line beyond lineBytes",
    fault: "line-too-long",
    limits: { lineBytes: 100 },
    response: `${OK}A: ${"b".repeat(200)}\r\n\r\n`,
  },
  {
    name: "more fields than headerCount",
    fault: "too-many-headers",
    limits: { headerCount: 3 },
    response: `${OK}${"A: b\r\n".repeat(4)}\r\n`,
  },
  {
    name: "chunk extensions beyond chunkExtensionBytes",
    fault: "chunk-extension-too-long",
    limits: { chunkExtensionBytes: 50 },
    phase: "body",
    response: `${CHUNKED}${"1;extension=value\r\nx\r\n".repeat(5)}0\r\n\r\n`,
  },
  {
    name: "trailers beyond trailerBytes",
    fault: "trailers-too-large",
    limits: { trailerBytes: 50 },
    phase: "body",
    response: `${CHUNKED}0\r\n${"A: b\r\n".repeat(20)}\r\n`,
  },
  {
    name: "more interim responses than informationalCount",
    fault: "too-many-informational",
    limits: { informationalCount: 2 },
    response: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3),
  },
  {
    name: "interim responses beyond headBytes in all",
    fault: "too-many-informational",
    limits: { headBytes: 100 },
    response: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(4),
  },
  {
    name: "an upgrade without a request for it",
    fault: "unexpected-upgrade",
    response: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
  },
];

const vectors = rows.map(
  ({ name, fault, response, limits, phase = "headers" }): Scenario => ({
    name: `A response with ${name} is refused: ${fault}`,
    ...(limits === undefined ? {} : { options: { responseLimits: limits } }),
    async server(peer) {
      await peer.request();
      await peer.send(peer.n === 1 ? response : ok("clean"));
    },
    async client({ get, rejection, note }) {
      const error = await rejection(get());
      if (error instanceof ProtocolError) {
        const { sent, retriable, connection } = error;
        note(`sent ${sent}, retriable ${retriable}, connection ${connection?.requestNumber}`);
      }
      note(await get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 bad-framing · failed 1 ERR_PROTOCOL in ${phase} (remote ${fault})
      > sent full, retriable false, connection 1
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200 · > clean
    `,
  }),
);

/** Responses that end too early. */
const truncated: Scenario[] = [
  ["the head", "HTTP/1.1 200 OK\r\nContent-Le", "headers"],
  ["a body with a length", `${OK}Content-Length: 10\r\n\r\nhalf`, "body"],
  ["a chunk", `${CHUNKED}a\r\nhalf`, "body"],
  ["a chunked body without its last chunk", `${CHUNKED}4\r\nhalf\r\n`, "body"],
  ["a chunked body without its last empty line", `${CHUNKED}4\r\nhalf\r\n0\r\n`, "body"],
].map(
  ([name, response = "", phase]): Scenario => ({
    name: `A FIN in the middle of ${name} is a lost connection, not the end of the message`,
    async server(peer) {
      await peer.request();
      await peer.send(response);
      peer.end();
    },
    async client({ get, rejection }) {
      await rejection(get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 peer-closed · failed 1 ERR_CONNECTION_LOST in ${phase}
    `,
  }),
);

export const malformed: Scenario[] = [...vectors, ...truncated];
