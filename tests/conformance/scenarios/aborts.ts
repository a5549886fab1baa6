/** Aborts: a caller aborts a request, in every phase. */

import { ca } from "../harness/certs.ts";
import { ok, okHead } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

const REASON = new Error("The caller changed its mind");

/** Notes whether a promise rejects with the reason of the signal itself. */
async function noteReason({ rejection, note }: Act, promise: Promise<unknown>): Promise<void> {
  note((await rejection(promise)) === REASON ? "rejected with the reason" : "rejected with something else");
}

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

/** An endless body, produced as fast as it is accepted. */
async function* endless(onEnd: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (;;) yield new Uint8Array(65_536);
  } finally {
    onEnd();
  }
}

export const aborts: Scenario[] = [
  {
    name: "A request whose signal is aborted already does not start",
    async client(act) {
      await noteReason(act, act.get("/", { signal: AbortSignal.abort(REASON) }));
      act.note(`${await act.accepted()} accepted`);
    },
    trace: "> rejected with the reason · > 0 accepted",
  },
  {
    name: "An aborted request leaves the queue",
    options: { maxConnectionsPerOrigin: 1 },
    async server(peer) {
      for (;;) {
        const { path } = await peer.request();
        peer.signal("arrived");
        await peer.wait("answer");
        await peer.send(ok(path));
      }
    },
    async client(act) {
      const { get, wait, signal, note } = act;
      const first = get("/1");
      await wait("arrived");
      const controller = new AbortController();
      const second = get("/2", { signal: controller.signal });
      const third = get("/3");
      controller.abort(REASON);
      await noteReason(act, second);
      signal("answer");
      note(await first);
      signal("answer");
      note(await third);
    },
    trace: `${FIRST}
      started 2 GET · queued (1 waiting) · started 3 GET · queued (2 waiting)
      failed 2 Error · > rejected with the reason
      released #1 · acquired #1 request 2 · finished 1 200 · > /1
      released #1 · finished 3 200 · > /3
    `,
  },
  {
    name: "An abort while connecting leaves the connection to the next request",
    options: { tls: { ca } },
    speaks: "tls-held",
    async client(act) {
      const { get, wait, signal, until, note } = act;
      const controller = new AbortController();
      const answer = get("/", { signal: controller.signal });
      await wait("connected");
      controller.abort(REASON);
      await noteReason(act, answer);
      signal("handshake 1");
      await until("opened #1");
      note(await get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · failed 1 Error · > rejected with the reason
      opened #1
      started 2 GET · acquired #1 request 1 · released #1 · finished 2 200 · > ok
    `,
  },
  {
    name: "An abort while waiting for 100 Continue ends the connection",
    async server(peer) {
      await peer.head();
      peer.signal("arrived");
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      const controller = new AbortController();
      const headers = { expect: "100-continue" };
      const answer = act.get("/", { method: "POST", body: "x", headers, signal: controller.signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
      await act.wait("gone");
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 aborted · failed 1 Error · > rejected with the reason
    `,
  },
  {
    name: "An abort while the body is sent cancels the body and ends the connection",
    async server(peer) {
      await peer.head();
      peer.stall();
      peer.signal("arrived");
      await peer.wait("aborted");
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      const controller = new AbortController();
      const { promise: ended, resolve } = deferred();
      const { signal } = controller;
      const answer = act.get("/", { method: "POST", body: endless(resolve), signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
      await ended;
      act.note("the body was cancelled");
      act.signal("aborted");
      await act.wait("gone");
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 aborted · failed 1 Error · > rejected with the reason
      > the body was cancelled
    `,
  },
  {
    name: "An abort while waiting for the response ends the connection",
    async server(peer) {
      await peer.request();
      peer.signal("arrived");
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      const controller = new AbortController();
      const answer = act.get("/", { signal: controller.signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
      await act.wait("gone");
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 Error · > rejected with the reason
    `,
  },
  {
    name: "An abort in the middle of the response body fails the body and ends the connection",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(100)}some`);
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      const controller = new AbortController();
      const answer = await act.request("/", { signal: controller.signal });
      act.note(answer.status);
      const reader = answer.body.getReader();
      const { value } = await reader.read();
      act.note(new TextDecoder().decode(value));
      const rest = reader.read();
      controller.abort(REASON);
      await noteReason(act, rest);
      await act.wait("gone");
    },
    trace: `${FIRST}
      > 200 · > some
      retired #1 aborted · failed 1 Error · > rejected with the reason
    `,
  },
  {
    name: "An abort fails a body that is not read yet",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(100)}some`);
    },
    async client(act) {
      const controller = new AbortController();
      const answer = await act.request("/", { signal: controller.signal });
      controller.abort(REASON);
      await noteReason(act, answer.text());
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 Error · > rejected with the reason
    `,
  },
  {
    name: "An abort after the response has no effect",
    async client({ get, note }) {
      const controller = new AbortController();
      note(await get("/", { signal: controller.signal }));
      controller.abort(REASON);
      note(await get());
    },
    trace: `${FIRST}
      released #1 · finished 1 200 · > ok
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
  {
    name: "One signal aborts all its requests",
    async server(peer) {
      await peer.request();
      peer.signal("arrived");
    },
    async client(act) {
      const controller = new AbortController();
      const answers = ["/1", "/2"].map((path) => act.get(path, { signal: controller.signal }));
      await act.wait("arrived");
      await act.wait("arrived");
      controller.abort(REASON);
      for (const answer of answers) await noteReason(act, answer);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · opened #2 · acquired #2 request 1
      retired #1 aborted · failed 1 Error
      retired #2 aborted · failed 2 Error
      > rejected with the reason · > rejected with the reason
    `,
  },
  {
    name: "fetch rejects with the reason of its signal",
    async server(peer) {
      await peer.request();
      peer.signal("arrived");
    },
    async client(act) {
      const controller = new AbortController();
      const answer = act.pool.fetch(act.url(), { signal: controller.signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
    },
    trace: `${FIRST}
      retired #1 aborted · failed 1 Error · > rejected with the reason
    `,
  },
];

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
