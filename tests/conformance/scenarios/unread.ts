/** Unread: response bodies that the caller does not read, or not to the end. */

import { chunk, LARGE } from "../harness/flow.ts";
import type { Peer } from "../harness/peer.ts";
import { head, ok, okHead, sendPattern } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";
const AGAIN = "started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok";

const CHUNKED = "transfer-encoding: chunked";

/** Sends the start of a body, and the rest when the client says so. */
function inTwo(first: string, rest: string): (peer: Peer) => Promise<void> {
  return async (peer) => {
    await peer.request();
    await peer.send(first);
    await peer.wait("rest");
    await peer.send(rest);
    await peer.request();
    await peer.send(ok());
  };
}

export const unread: Scenario[] = [
  {
    name: "A small unread rest of a body is drained, and the connection kept",
    calm: true,
    server: inTwo(`${okHead(20)}first half`, "other half"),
    async client({ request, signal, until, get, note }) {
      (await request()).discard();
      signal("rest");
      await until("finished 1 200");
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · ${AGAIN}`,
  },
  {
    name: "A small rest of a cancelled fetch body is drained, and the connection kept",
    calm: true,
    server: inTwo(`${head("200 OK", CHUNKED)}5\r\nfirst\r\n`, "4\r\nrest\r\n0\r\n\r\n"),
    async client({ pool, url, signal, until, get, note }) {
      const answer = await pool.fetch(url());
      await answer.body?.cancel();
      signal("rest");
      await until("finished 1 200");
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · ${AGAIN}`,
  },
  {
    name: "A large unread rest of a body ends the connection",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(LARGE)}some`);
      await peer.gone();
      peer.signal("gone");
    },
    async client({ request, wait, note }) {
      const answer = await request();
      answer.discard();
      note(answer.status);
      await wait("gone");
    },
    trace: `${FIRST} · retired #1 unread-body · finished 1 200 · > 200`,
  },
  {
    name: "An unread rest of unknown length that turns out large ends the connection",
    async server(peer) {
      await peer.request();
      await peer.send(`${head("200 OK", CHUNKED)}4\r\nsome\r\n`);
      await peer.wait("rest");
      await sendPattern(LARGE, (piece) => peer.send(chunk(piece)));
    },
    async client({ request, signal, until }) {
      (await request()).discard();
      signal("rest");
      await until("finished 1 200");
    },
    trace: `${FIRST} · retired #1 unread-body · finished 1 200`,
  },
  {
    name: "An unread rest that does not arrive ends the connection",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(20)}first half`);
    },
    async client({ request, until }) {
      (await request()).discard();
      await until("finished 1 200");
    },
    trace: `${FIRST} · retired #1 unread-body · finished 1 200`,
  },
  {
    name: "An unread rest that is delimited by the end of the connection is not drained",
    async server(peer) {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\n\r\nsome");
      await peer.gone();
      peer.signal("gone");
    },
    async client({ request, wait, note }) {
      const answer = await request();
      answer.discard();
      note(answer.status);
      await wait("gone");
    },
    trace: `${FIRST} · retired #1 unread-body · finished 1 200 · > 200`,
  },
  {
    name: "A FIN in an unread rest is not an error",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(20)}first half`);
      await peer.wait("end");
      peer.end();
    },
    async client({ request, signal, until }) {
      (await request()).discard();
      signal("end");
      await until("finished 1 200");
    },
    trace: `${FIRST} · retired #1 peer-closed · finished 1 200`,
  },
];
