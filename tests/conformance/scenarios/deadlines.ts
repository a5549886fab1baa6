/** Deadlines: how long each phase may take. */

import { HoldfastError } from "../../../mod.ts";
import { ca } from "../harness/certs.ts";
import { ok, okHead } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

/** Notes the limit that an error names, and whether the elapsed time matches. */
async function noteLimit({ rejection, note }: Act, promise: Promise<unknown>): Promise<void> {
  const error = await rejection(promise);
  if (!(error instanceof HoldfastError)) return note("not a HoldfastError");
  const { limitMs, elapsedMs = -1 } = error;
  // A timer may fire a millisecond early.
  note(`limit ${limitMs}, ${elapsedMs >= (limitMs ?? 0) - 1 ? "not before it" : `after ${elapsedMs} ms`}`);
}

/** Reads a request and never responds. */
const silent: Scenario["server"] = async (peer) => {
  await peer.request();
  await peer.gone();
  peer.signal("gone");
};

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(65_536);
}

export const deadlines: Scenario[] = [
  {
    name: "acquireTimeout ends the wait for a connection",
    options: { maxConnectionsPerOrigin: 1, acquireTimeout: 60 },
    async server(peer) {
      await peer.request();
      peer.signal("arrived");
      await peer.wait("answer");
      await peer.send(ok());
    },
    async client(act) {
      // The connect attempt of the first request must not be limited.
      await act.pool.preconnect(act.url());
      const first = act.get("/1");
      await act.wait("arrived");
      await noteLimit(act, act.get("/2"));
      act.signal("answer");
      act.note(await first);
    },
    trace: `opened #1 · started 1 GET · acquired #1 request 1
      started 2 GET · queued (1 waiting) · failed 2 ERR_ACQUIRE_TIMEOUT in queue · > limit 60, not before it
      released #1 · finished 1 200 · > ok
    `,
  },
  {
    name: "acquireTimeout includes the connect attempt, which goes on without the request",
    options: { acquireTimeout: 60, tls: { ca } },
    speaks: "tls-held",
    async client(act) {
      await noteLimit(act, act.get("/1"));
      act.signal("handshake 1");
      await act.until("opened #1");
    },
    trace: `
      started 1 GET · queued (1 waiting)
      failed 1 ERR_ACQUIRE_TIMEOUT in queue · > limit 60, not before it
      opened #1
    `,
  },
  {
    name: "connectTimeout includes the TLS handshake",
    options: { connectTimeout: 60, tls: { ca } },
    speaks: "tls-held",
    async client(act) {
      await noteLimit(act, act.get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · retired #1 connect-failed
      failed 1 ERR_CONNECT_TIMEOUT in connect · > limit 60, not before it
    `,
  },
  {
    name: "headersTimeout ends a request without a response",
    options: { headersTimeout: 60 },
    server: silent,
    async client(act) {
      await noteLimit(act, act.get());
      await act.wait("gone");
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 ERR_HEADERS_TIMEOUT in headers · > limit 60, not before it
    `,
  },
  {
    name: "headersTimeout requires the whole head, not its first bytes",
    options: { headersTimeout: 60 },
    async server(peer) {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\nContent-");
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      await noteLimit(act, act.get());
      await act.wait("gone");
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 ERR_HEADERS_TIMEOUT in headers · > limit 60, not before it
    `,
  },
  {
    name: "A request may have its own headersTimeout",
    server: silent,
    async client(act) {
      await noteLimit(act, act.get("/", { headersTimeout: "60ms" }));
      await act.wait("gone");
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 ERR_HEADERS_TIMEOUT in headers · > limit 60, not before it
    `,
  },
  {
    name: "bodyIdleTimeout ends a response body without progress",
    options: { bodyIdleTimeout: 60 },
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(100)}some`);
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      const answer = await act.request();
      await noteLimit(act, answer.text());
      await act.wait("gone");
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 ERR_BODY_TIMEOUT in body · > limit 60, not before it
    `,
  },
  {
    name: "bodyIdleTimeout ends an upload that the server does not read",
    options: { bodyIdleTimeout: 60 },
    async server(peer) {
      await peer.head();
      peer.stall();
      await peer.wait("over");
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      await noteLimit(act, act.get("/", { method: "POST", body: endless() }));
      act.signal("over");
      await act.wait("gone");
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 aborted · failed 1 ERR_BODY_TIMEOUT in send · > limit 60, not before it
    `,
  },
  {
    name: "bodyIdleTimeout does not run while the caller does not read",
    options: { bodyIdleTimeout: "3s" },
    async server(peer) {
      await peer.request();
      await peer.send(okHead(1_000_000));
      await peer.send("x".repeat(1_000_000));
      await peer.request();
      await peer.send(ok());
    },
    async client({ request, get, sleep, note }) {
      const answer = await request();
      await sleep(3500);
      note((await answer.bytes()).length);
      note(await get());
    },
    trace: `${FIRST}
      released #1 · finished 1 200 · > 1000000
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
  {
    name: "A slow body with progress may take longer than bodyIdleTimeout",
    options: { bodyIdleTimeout: "5s" },
    async server(peer) {
      await peer.request();
      await peer.send(okHead(14));
      for (const byte of "slowly, slowly") {
        await pause(400);
        await peer.send(byte);
      }
    },
    async client({ get, note }) {
      note(await get());
    },
    trace: `${FIRST}
      released #1 · finished 1 200 · > slowly, slowly
    `,
  },
  {
    name: "requestTimeout ends a request in the queue",
    options: { maxConnectionsPerOrigin: 1 },
    async server(peer) {
      await peer.request();
      peer.signal("arrived");
    },
    async client(act) {
      act.get("/1");
      await act.wait("arrived");
      await noteLimit(act, act.get("/2", { requestTimeout: 60 }));
    },
    trace: `${FIRST}
      started 2 GET · queued (1 waiting) · failed 2 ERR_REQUEST_TIMEOUT in queue · > limit 60, not before it
    `,
  },
  {
    name: "requestTimeout ends a response body that still makes progress",
    async server(peer) {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (;;) {
        await pause(20);
        await peer.send("1\r\nx\r\n");
      }
    },
    async client(act) {
      const answer = await act.request("/", { requestTimeout: "3s" });
      act.note(answer.status);
      await noteLimit(act, answer.text());
    },
    trace: `${FIRST}
      > 200
      retired #1 aborted · failed 1 ERR_REQUEST_TIMEOUT in body · > limit 3000, not before it
    `,
  },
];

/** Time between the bytes of a slow server. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
