/** TLS: which certificates are trusted, which name is sent, and that everything else works as without TLS. */

import { HoldfastError } from "../../../mod.ts";
import { TransportError } from "../../../src/contract/transport.ts";
import { ca } from "../harness/certs.ts";
import { isPattern, ok, okHead, pattern, sendPattern } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";
const REFUSED = "started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_TLS in tls";
const LARGE = 8 * 1024 * 1024;

/** Notes why TLS failed, by the reason that all transports share. */
async function refused({ get, rejection, note }: Act): Promise<void> {
  const error = await rejection(get());
  if (!(error instanceof HoldfastError)) return note("not a HoldfastError");
  const { cause, sent, retriable } = error;
  const why = cause instanceof TransportError ? `${cause.kind}: ${cause.reason}` : "not a TransportError";
  note(`${why}, sent ${sent}, retriable ${retriable}`);
}

export const tls: Scenario[] = [
  {
    name: "A second connection resumes the TLS session of the first, and says what TLS agreed on",
    options: { tls: { ca }, maxRequests: 1 },
    speaks: "tls",
    needs: ({ can }) => (can.tlsSessions ? undefined : "the transport resumes no session, and does not tell"),
    async client({ request, note }) {
      for (let count = 0; count < 2; count++) {
        const answer = await request();
        await answer.text();
        const { protocol, cipher, resumed, subject } = answer.connection.tls ?? {};
        note(`${protocol} ${cipher?.slice(0, 4)} ${subject?.CN}${resumed ? ", resumed" : ""}`);
      }
    },
    trace: `${FIRST} · retired #1 max-requests · finished 1 200 · > TLSv1.3 TLS_ localhost
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · retired #2 max-requests · finished 2 200
      > TLSv1.3 TLS_ localhost, resumed
    `,
  },
  {
    name: "What TLS agreed on is undefined where the runtime does not tell",
    options: { tls: { ca } },
    speaks: "tls",
    needs: ({ can }) => (can.tlsSessions ? "the transport tells" : undefined),
    async client({ request, note }) {
      const answer = await request();
      await answer.text();
      note(String(answer.connection.tls));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > undefined`,
  },
  {
    name: "A server whose CA is given is trusted, and its connection reused",
    options: { tls: { ca } },
    speaks: "tls",
    async client({ get, note }) {
      note(await get());
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
  {
    name: "A server of an unknown CA is refused",
    speaks: "tls",
    client: refused,
    trace: `${REFUSED} · > tls: untrusted, sent none, retriable false`,
  },
  {
    name: "A certificate of another name is refused",
    options: { tls: { ca, serverName: "other.test" } },
    speaks: "tls",
    client: refused,
    trace: `${REFUSED} · > tls: name-mismatch, sent none, retriable false`,
  },
  {
    name: "An expired certificate is refused",
    options: { tls: { ca } },
    speaks: "tls-expired",
    client: refused,
    trace: `${REFUSED} · > tls: expired, sent none, retriable false`,
  },
  {
    name: "A server without TLS is refused",
    options: { tls: { ca } },
    scheme: "https",
    async server(peer) {
      await peer.read(1);
      await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
      peer.end();
    },
    client: refused,
    trace: `${REFUSED} · > tls: handshake, sent none, retriable false`,
  },
  {
    name: "A server that ends the connection during the handshake is refused",
    options: { tls: { ca } },
    scheme: "https",
    async server(peer) {
      await peer.read(1);
      peer.end();
    },
    client: refused,
    trace: `${REFUSED} · > tls: handshake, sent none, retriable false`,
  },
  {
    name: "serverName is the name that is sent and verified",
    options: { tls: { ca, serverName: "example.test" } },
    speaks: "tls",
    async server(peer) {
      const request = await peer.request();
      await peer.send(ok(`${peer.serverName} ${request.header("host")?.split(":")[0]}`));
    },
    async client({ get, note }) {
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > example.test 127.0.0.1`,
  },
  {
    name: "An address is verified, but not sent as a name",
    options: { tls: { ca } },
    speaks: "tls",
    async server(peer) {
      await peer.request();
      await peer.send(ok(`a name: ${peer.serverName}`));
    },
    async client({ get, note }) {
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > a name: false`,
  },
  {
    name: "With rejectUnauthorized: false any certificate is accepted",
    options: { tls: { rejectUnauthorized: false } },
    speaks: "tls-expired",
    needs: ({ can }) => (can.verifyOff ? undefined : "the transport cannot skip verification"),
    async client({ get, note }) {
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok`,
  },
  {
    name: "A transport that cannot skip verification says so",
    options: { tls: { rejectUnauthorized: false } },
    speaks: "tls",
    needs: ({ can }) => (can.verifyOff ? "the transport can skip verification" : undefined),
    async client({ get, rejection }) {
      await rejection(get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_UNSUPPORTED in connect
    `,
  },
  {
    name: "A FIN on an idle TLS connection retires it",
    options: { tls: { ca } },
    speaks: "tls",
    async server(peer) {
      await peer.request();
      await peer.send(ok());
      await peer.wait("end");
      peer.end();
    },
    async client({ get, signal, until }) {
      await get();
      signal("end");
      await until("retired #1 peer-closed");
    },
    trace: `${FIRST} · released #1 · finished 1 200 · retired #1 peer-closed`,
  },
  {
    name: "A stray byte on an idle TLS connection retires it",
    options: { tls: { ca } },
    speaks: "tls",
    async server(peer) {
      await peer.request();
      await peer.send(ok());
      await peer.wait("now");
      await peer.send("x");
    },
    async client({ get, signal, until }) {
      await get();
      signal("now");
      await until("retired #1 unsolicited-data");
    },
    trace: `${FIRST} · released #1 · finished 1 200 · retired #1 unsolicited-data`,
  },
  {
    name: "A GET on a stale TLS connection is resent on a fresh one",
    options: { tls: { ca } },
    speaks: "tls",
    async server(peer) {
      await peer.request();
      if (peer.n > 1) return peer.send(ok("from the second"));
      await peer.send(ok());
      await peer.request();
      peer.end();
    },
    async client({ get, note }) {
      await get();
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200
      started 2 GET · acquired #1 request 2 · retired #1 peer-closed · retried 2 stale-connection
      queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
      > from the second
    `,
  },
  {
    name: "Large bodies arrive completely over TLS, in both directions",
    options: { tls: { ca } },
    speaks: "tls",
    async server(peer) {
      const request = await peer.head();
      let at = 0;
      let intact = true;
      await peer.body(request, (piece) => {
        intact &&= isPattern(piece, at);
        at += piece.length;
      });
      peer.signal("got", `${at}${intact ? "" : ", damaged"}`);
      await peer.send(okHead(LARGE));
      await sendPattern(LARGE, (piece) => peer.send(piece));
    },
    async client({ request, wait, note }) {
      const answer = await request("/", { method: "POST", body: pattern(LARGE) });
      note(await wait("got"));
      const bytes = await answer.bytes();
      note(`${bytes.length}${isPattern(bytes) ? "" : ", damaged"}`);
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1 · > ${LARGE}
      released #1 · finished 1 200 · > ${LARGE}
    `,
  },
];
