/** Proxies: tunnels are reused like any connection, and errors of the proxy differ from errors of the origin. */

import { HoldfastError } from "../../../mod.ts";
import { ca } from "../harness/certs.ts";
import { nextProbeMs } from "../harness/kernel.ts";
import type { Peer } from "../harness/peer.ts";
import { always, head, ok } from "../harness/responses.ts";
import type { Act, Place, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";
const FAILED = "started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_PROXY in proxy";
const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

const through =
  (scheme: string) =>
  ({ port }: Place) => ({ proxy: `${scheme}://user:secret@127.0.0.1:${port}`, tls: { ca } });

/** Opens the requested tunnel if the request is correct. Returns the peer at its end. */
async function tunnel(peer: Peer): Promise<Peer> {
  const request = await peer.head();
  const asked = `${request.method} ${request.path} ${request.header("proxy-authorization")}`;
  if (asked !== `CONNECT example.test:443 Basic ${btoa("user:secret")}`) throw new Error(asked);
  await peer.send(ESTABLISHED);
  return peer.startTls();
}

/** Reads the messages of a SOCKS5 client (RFC 1928), and opens the tunnel. */
async function socksTunnel(peer: Peer): Promise<Peer> {
  const says = async (bytes: string, reply: Uint8Array): Promise<void> => {
    const said = (await peer.read(bytes.length)).toString("latin1");
    if (said !== bytes) throw new Error(JSON.stringify(said));
    await peer.send(reply);
  };
  await says("\x05\x02\x00\x02", Uint8Array.of(5, 2));
  await says("\x01\x04user\x06secret", Uint8Array.of(1, 0));
  await says("\x05\x01\x00\x03\x0cexample.test\x01\xbb", Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
  return peer.startTls();
}

const SECURE = "https://example.test/";

async function text({ pool, note }: Act, url: string): Promise<void> {
  note((await (await pool.request(url)).text()) || "nothing");
}

/** Notes why a request failed, provided that the error shows no credential. */
async function refused({ pool, rejection, note }: Act, url = SECURE): Promise<void> {
  const error = await rejection(pool.request(url));
  if (!(error instanceof HoldfastError)) return note("not a HoldfastError");
  if (/secret/.test(`${error.stack} ${JSON.stringify(error)}`)) return note("it says the password");
  note(`${error.status ?? "no status"}, sent ${error.sent}, retriable ${error.retriable}`);
}

export const proxies: Scenario[] = [
  {
    name: "A tunnel of an HTTP proxy is opened once and reused",
    options: through("http"),
    server: async (peer) => always(ok())(await tunnel(peer)),
    async client(act) {
      await text(act, SECURE);
      await text(act, SECURE);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
  {
    name: "A tunnel that the proxy closes while it is idle is retired, and another one is opened",
    options: through("http"),
    async server(peer) {
      const origin = await tunnel(peer);
      await origin.request();
      await origin.send(ok());
      if (peer.n > 1) return;
      await peer.wait("now");
      peer.reset();
    },
    async client(act) {
      await text(act, SECURE);
      act.signal("now");
      await act.until("retired #1 peer-closed");
      await text(act, SECURE);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok · retired #1 peer-closed
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200 · > ok
    `,
  },
  {
    name: "The hints of an origin in a tunnel are honoured",
    options: through("http"),
    server: async (peer) => always(ok("ok", "connection: close"))(await tunnel(peer)),
    client: (act) => text(act, SECURE),
    trace: `${FIRST} · retired #1 peer-close · finished 1 200 · > ok`,
  },
  {
    name: "A proxy that refuses the credentials in a long response is a typed error",
    options: through("http"),
    async server(peer) {
      await peer.head();
      await peer.send(
        head("407 Proxy Authentication Required", "content-length: 200000") + "x".repeat(200_000),
      );
      await peer.gone();
    },
    client: (act) => refused(act),
    trace: `${FAILED} · > 407, sent none, retriable false`,
  },
  {
    name: "A proxy that cannot reach the origin is a typed, retriable error",
    options: through("http"),
    async server(peer) {
      await peer.head();
      await peer.send(head("502 Bad Gateway", "content-length: 0"));
      await peer.gone();
    },
    client: (act) => refused(act),
    trace: `${FAILED} · > 502, sent none, retriable true`,
  },
  {
    name: "A proxy that closes in the middle of its response is a typed error",
    options: through("http"),
    async server(peer) {
      await peer.head();
      await peer.send("HTTP/1.1 20");
      peer.end();
    },
    client: (act) => refused(act),
    trace: `${FAILED} · > no status, sent none, retriable true`,
  },
  ...(["end", "reset"] as const).map(
    (how): Scenario => ({
      name: `A proxy that closes a tunnel (${how}) during the TLS handshake is a typed error`,
      options: through("http"),
      async server(peer) {
        await peer.head();
        await peer.send(ESTABLISHED);
        await peer.read(1);
        peer[how]();
      },
      client: (act) => refused(act),
      trace: `${FAILED} · > no status, sent none, retriable true`,
    }),
  ),
  {
    name: "A proxy that does not respond is a timeout in the phase proxy",
    options: (place) => ({ ...through("http")(place), connectTimeout: "3s" }),
    async server(peer) {
      await peer.head();
      await peer.gone();
    },
    client: (act) => refused(act),
    trace: `started 1 GET · queued (1 waiting) · retired #1 connect-failed
      failed 1 ERR_CONNECT_TIMEOUT in proxy · > no status, sent none, retriable true`,
  },
  {
    name: "A proxy that sends surplus bytes after its response is not trusted",
    options: through("http"),
    async server(peer) {
      await peer.head();
      await peer.send(`${ESTABLISHED}HTTP/1.1 200 OK\r\n\r\n`);
      await peer.gone();
    },
    client: (act) => refused(act),
    trace: `${FAILED} · > no status, sent none, retriable true`,
  },
  {
    name: "Requests of different origins share the connections of a forwarding proxy",
    options: through("http"),
    async server(peer) {
      for (;;) {
        const request = await peer.request();
        const { method, path } = request;
        const authorized = request.header("proxy-authorization") === `Basic ${btoa("user:secret")}`;
        await peer.send(ok(`${method} ${path} for ${request.header("host")}, ${authorized}`));
      }
    },
    async client(act) {
      await text(act, "http://one.test/a?b");
      await text(act, "http://two.test:81/");
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > GET http://one.test/a?b for one.test, true
      started 2 GET · acquired #1 request 2
      released #1 · finished 2 200 · > GET http://two.test:81/ for two.test:81, true
    `,
  },
  {
    name: "A forwarding proxy that refuses the credentials is a typed error; its other responses are returned",
    options: through("http"),
    async server(peer) {
      await peer.request();
      await peer.send(`${head("407 Proxy Authentication Required", "content-length: 5")}sorry`);
      await peer.request();
      await peer.send(head("502 Bad Gateway", "content-length: 0"));
    },
    async client(act) {
      await refused(act, "http://example.test/");
      await text(act, "http://example.test/");
    },
    trace: `${FIRST} · released #1 · finished 1 407 · > 407, sent full, retriable false
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 502 · > nothing
    `,
  },
  {
    name: "A tunnel of a SOCKS5 proxy is opened once and reused",
    options: through("socks5"),
    server: async (peer) => always(ok())(await socksTunnel(peer)),
    async client(act) {
      await text(act, SECURE);
      await text(act, SECURE);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
  ...[true, false].map(
    (probing): Scenario => ({
      name: `A tunnel ${probing ? "has TCP keepalive on the connection to the proxy" : "has no TCP keepalive unless asked"}`,
      options: (place) => ({ ...through("http")(place), tcpKeepAlive: probing ? {} : false, doubt: false }),
      needs: ({ ss }) => (ss ? undefined : "ss is not installed"),
      async server(peer) {
        const origin = await tunnel(peer);
        await origin.request();
        const probeMs = await nextProbeMs(peer);
        await origin.send(ok(`probes ${probeMs === undefined ? "off" : "on"}`));
      },
      client: (act) => text(act, SECURE),
      trace: `${FIRST} · released #1 · finished 1 200 · > probes ${probing ? "on" : "off"}`,
    }),
  ),
  {
    name: "A SOCKS5 proxy that accepts no method is a typed error",
    options: through("socks5"),
    async server(peer) {
      await peer.read(4);
      await peer.send(Uint8Array.of(5, 255));
      await peer.gone();
    },
    client: (act) => refused(act),
    trace: `${FAILED} · > no status, sent none, retriable false`,
  },
];
