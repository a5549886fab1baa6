/** Reach: how a pool comes to speak HTTP/2, and with whom: by ALPN, by prior knowledge, through proxies and Unix sockets. */

import { ca } from "../../harness/certs.ts";
import { echo, http2 } from "../../harness/http2-peer.ts";
import type { Peer } from "../../harness/peer.ts";
import { echo as echoHttp1 } from "../../harness/responses.ts";
import type { Act, Here, Place, Scenario } from "../../harness/scenario.ts";
import { FIRST, H2 } from "./words.ts";

const BOTH = ["h2", "http/1.1"];
const AGAIN = "started 2 GET · acquired #1 request 2 · released #1 · finished 2 200";

const needsAlpn = ({ can }: Here): string | undefined => (can.alpn ? undefined : "the transport has no ALPN");

/** Speaks what TLS has chosen. */
async function chosen(peer: Peer): Promise<void> {
  await (peer.alpn === "h2" ? http2(echo)(peer) : echoHttp1(peer));
}

async function twice(act: Act, url = act.url()): Promise<void> {
  for (let count = 0; count < 2; count++) {
    const answer = await act.pool.request(url);
    act.note(`${await answer.text()} ${answer.connection.protocol}`);
  }
}

const through =
  (scheme: string) =>
  ({ port }: Place) => ({ proxy: `${scheme}://user:secret@127.0.0.1:${port}`, tls: { ca } });

const TWICE_H2 = `${FIRST} · released #1 · finished 1 200 · > GET / h2 · ${AGAIN} · > GET / h2`;
const TWICE_HTTP1 = `${FIRST} · released #1 · finished 1 200 · > GET / http/1.1 · ${AGAIN} · > GET / http/1.1`;

async function says(peer: Peer, bytes: string, reply: Uint8Array): Promise<void> {
  const said = (await peer.read(bytes.length)).toString("latin1");
  if (said !== bytes) throw new Error(JSON.stringify(said));
  await peer.send(reply);
}

export const reach: Scenario[] = [
  {
    name: "HTTP/2 is chosen by ALPN where the server has it",
    options: { tls: { ca } },
    speaks: "tls",
    alpn: BOTH,
    needs: needsAlpn,
    server: chosen,
    client: twice,
    trace: TWICE_H2,
  },
  {
    name: "HTTP/1.1 is chosen by ALPN where the server has no other, or none",
    options: { tls: { ca } },
    speaks: "tls",
    alpn: ["http/1.1"],
    needs: needsAlpn,
    server: chosen,
    client: twice,
    trace: TWICE_HTTP1,
  },
  {
    name: "HTTP/1.1 is spoken with a server that has HTTP/2 but is not asked for it",
    options: { tls: { ca }, http2: false },
    speaks: "tls",
    alpn: BOTH,
    server: chosen,
    client: twice,
    trace: TWICE_HTTP1,
  },
  {
    name: "An unknown server gets one connect attempt; HTTP/1.1 then opens one for each request that waits",
    options: { tls: { ca } },
    speaks: "tls",
    alpn: ["http/1.1"],
    needs: needsAlpn,
    async server(peer) {
      const { path } = await peer.request();
      peer.signal("arrived");
      await peer.wait(`answer ${path}`);
      await peer.send(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${path}`);
    },
    async client({ get, wait, signal, note }) {
      const answers = [get("/1"), get("/2")];
      for (const _ of answers) await wait("arrived");
      signal("answer /1");
      note((await answers[0]) ?? "");
      signal("answer /2");
      note((await answers[1]) ?? "");
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · opened #2 · acquired #2 request 1
      released #1 · finished 1 200 · > /1
      released #2 · finished 2 200 · > /2
    `,
  },
  {
    name: "HTTP/2 is spoken by prior knowledge on a Unix socket",
    unix: true,
    options: ({ unixPath }) => ({ unixPath, ...H2 }),
    needs: ({ can }) => (can.unix ? undefined : "the transport has no Unix sockets"),
    server: http2(echo),
    client: twice,
    trace: TWICE_H2,
  },
  {
    name: "HTTP/2 is spoken by prior knowledge over TLS whose server knows no ALPN",
    options: { tls: { ca }, ...H2 },
    speaks: "tls",
    server: http2(echo),
    client: twice,
    trace: TWICE_H2,
  },
  {
    name: "HTTP/2 is chosen by ALPN through a tunnel of an HTTP proxy",
    options: through("http"),
    needs: needsAlpn,
    async server(peer) {
      await peer.head();
      await peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
      await http2(echo)(peer.startTls(BOTH));
    },
    client: (act) => twice(act, "https://example.test/"),
    trace: TWICE_H2,
  },
  {
    name: "HTTP/2 is chosen by ALPN through a SOCKS5 proxy",
    options: through("socks5"),
    needs: needsAlpn,
    async server(peer) {
      await says(peer, "\x05\x02\x00\x02", Uint8Array.of(5, 2));
      await says(peer, "\x01\x04user\x06secret", Uint8Array.of(1, 0));
      const connected = Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);
      await says(peer, "\x05\x01\x00\x03\x0cexample.test\x01\xbb", connected);
      await http2(echo)(peer.startTls(BOTH));
    },
    client: (act) => twice(act, "https://example.test/"),
    trace: TWICE_H2,
  },
  {
    name: "A server that speaks HTTP/1.1 where HTTP/2 was known fails the request",
    options: H2,
    async server(peer) {
      await peer.read(24);
      await peer.send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
      peer.end();
    },
    async client({ get, rejection, note }) {
      const error = Object(await rejection(get()));
      note(`sent ${error.sent}, retriable ${error.retriable}`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · retired #1 bad-framing
      failed 1 ERR_PROTOCOL in headers (remote bad-version) · > sent full, retriable false
    `,
  },
];
