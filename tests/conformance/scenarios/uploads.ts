/** Uploads: large, slow and broken request bodies, and servers that respond before the end of the body. */

import { ENDLESS, LARGE, standstill } from "../harness/flow.ts";
import type { Peer } from "../harness/peer.ts";
import { head, isPattern, ok, PIECE, pattern } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

const FIRST_POST = "started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1";
const AGAIN = "started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok";

/** Tells the client which body a request had, and responds. */
async function takeBodies(peer: Peer): Promise<void> {
  for (;;) {
    const request = await peer.head();
    let at = 0;
    let intact = true;
    const length = await peer.body(request, (piece) => {
      intact &&= isPattern(piece, at);
      at += piece.length;
    });
    const framing = request.header("content-length") ?? request.header("transfer-encoding");
    await peer.send(ok(`${framing}: ${length}${intact ? "" : ", damaged"}`));
  }
}

/** A body whose pieces are made when they are read. */
async function* pieces(length: number, made?: (total: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) {
    made?.(at);
    yield pattern(Math.min(PIECE, length - at), at);
  }
}

const whole: Scenario[] = [
  {
    name: "A large request body arrives completely",
    server: takeBodies,
    async client({ get, note }) {
      note(await get("/", { method: "POST", body: pattern(LARGE) }));
      note(await get("/", { method: "POST", body: pattern(10) }));
    },
    trace: `${FIRST_POST} · released #1 · finished 1 200 · > ${LARGE}: ${LARGE}
      started 2 POST · acquired #1 request 2 · released #1 · finished 2 200 · > 10: 10
    `,
  },
  {
    name: "A large stream is sent chunked, or with its length if that is known",
    server: takeBodies,
    async client({ get, note }) {
      note(await get("/", { method: "POST", body: pieces(LARGE) }));
      const headers = { "content-length": String(LARGE) };
      note(await get("/", { method: "PUT", headers, body: pieces(LARGE) }));
    },
    trace: `${FIRST_POST} · released #1 · finished 1 200 · > chunked: ${LARGE}
      started 2 PUT · acquired #1 request 2 · released #1 · finished 2 200 · > ${LARGE}: ${LARGE}
    `,
  },
  {
    name: "An upload that the server does not read pauses the stream, and continues when it does",
    async server(peer) {
      const request = await peer.head();
      peer.stall();
      await peer.wait("read");
      await peer.send(ok(String(await peer.body(request))));
    },
    async client({ get, signal, note }) {
      let made = 0;
      const body = pieces(ENDLESS, (total) => {
        made = total;
      });
      const answer = get("/", { method: "POST", body });
      const stood = await standstill(() => made);
      note(`the stream stands ${stood < ENDLESS - PIECE ? "before the end" : "at the end"}`);
      signal("read");
      note(await answer);
    },
    trace: `${FIRST_POST}
      > the stream stands before the end
      released #1 · finished 1 200 · > ${ENDLESS}
    `,
  },
  {
    name: "A slow stream is sent as it arrives",
    async server(peer) {
      await peer.head();
      for (const piece of ["4\r\nslow\r\n", "2\r\nly\r\n"]) {
        const { length } = piece;
        peer.signal("got", (await peer.read(length)).toString() === piece ? "a piece" : "something else");
      }
      await peer.read("0\r\n\r\n".length);
      await peer.send(ok());
    },
    async client({ get, wait, note }) {
      async function* slowly(): AsyncGenerator<Uint8Array> {
        for (const text of ["slow", "ly"]) {
          yield new TextEncoder().encode(text);
          // The next piece is made only when the server has the previous one.
          note(await wait("got"));
        }
      }
      note(await get("/", { method: "POST", body: slowly() }));
    },
    trace: `${FIRST_POST} · > a piece · > a piece · released #1 · finished 1 200 · > ok`,
  },
  {
    name: "A stream that fails fails the request and ends the connection",
    async server(peer) {
      await peer.head();
      await peer.gone();
      peer.signal("gone");
    },
    async client({ get, rejection, wait, note }) {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10);
        throw new Error("no more");
      }
      const error = Object(await rejection(get("/", { method: "POST", body: failing() })));
      note(`${error.cause?.message}, retriable ${error.retriable}`);
      await wait("gone");
    },
    trace: `${FIRST_POST}
      retired #1 aborted · failed 1 ERR_REQUEST_BODY in send · > no more, retriable false
    `,
  },
  ...[5, 15].map(
    (length): Scenario => ({
      name: `A stream of ${length} bytes with a declared length of 10 fails the request`,
      async server(peer) {
        await peer.head();
        await peer.gone();
        peer.signal("gone");
      },
      async client({ get, rejection, wait }) {
        const headers = { "content-length": "10" };
        await rejection(get("/", { method: "POST", headers, body: pieces(length) }));
        await wait("gone");
      },
      trace: `${FIRST_POST}
        retired #1 aborted · failed 1 ERR_REQUEST_BODY in send
      `,
    }),
  ),
];

const early: Scenario[] = [
  {
    name: "A response before the end of a large upload ends the upload and the connection",
    async server(peer) {
      await peer.head();
      peer.stall();
      await peer.send(`${head("413 Content Too Large", "content-length: 3")}no!`);
      await peer.wait("answered");
      await peer.gone();
      peer.signal("gone");
    },
    async client({ request, signal, wait, note }) {
      const answer = await request("/", { method: "POST", body: pattern(ENDLESS) });
      note(`${answer.status} ${await answer.text()}`);
      signal("answered");
      await wait("gone");
    },
    trace: `${FIRST_POST} · retired #1 upload-unfinished · finished 1 413 · > 413 no!`,
  },
  {
    name: "A response before the end of a stream of unknown length cancels the stream",
    async server(peer) {
      await peer.head();
      await peer.send(head("403 Forbidden", "content-length: 0"));
    },
    async client({ request, note }) {
      let cancelled = (): void => {};
      const cancel = new Promise<void>((resolve) => {
        cancelled = resolve;
      });
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => cancelled(),
      });
      note((await request("/", { method: "POST", body })).status);
      await cancel;
      note("cancelled");
    },
    trace: `${FIRST_POST} · retired #1 upload-unfinished · finished 1 403 · > 403 · > cancelled`,
  },
  {
    name: "A response just before the end of an upload keeps the connection",
    async server(peer) {
      await peer.head();
      await peer.read(5);
      await peer.send(ok("early"));
      await peer.read(5);
      await peer.request();
      await peer.send(ok());
    },
    async client({ get, until, note }) {
      let resume = (): void => {};
      const resumed = new Promise<void>((resolve) => {
        resume = resolve;
      });
      async function* body(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(5);
        await resumed;
        yield new Uint8Array(5);
      }
      note(await get("/", { method: "POST", headers: { "content-length": "10" }, body: body() }));
      resume();
      await until("finished 1 200");
      note(await get());
    },
    trace: `${FIRST_POST} · > early · released #1 · finished 1 200 · ${AGAIN}`,
  },
];

const expecting: Scenario[] = [
  {
    name: "With Expect: 100-continue the body is sent after 100 Continue",
    async server(peer) {
      const request = await peer.head();
      peer.signal("expects", request.header("expect"));
      await peer.wait("held back");
      await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.send(ok(String(await peer.body(request))));
    },
    async client({ get, wait, signal, note }) {
      const answer = get("/", { method: "PUT", headers: { Expect: "100-continue" }, body: "a body" });
      note(await wait("expects"));
      signal("held back");
      note(await answer);
    },
    trace: `
      started 1 PUT · queued (1 waiting) · opened #1 · acquired #1 request 1 · > 100-continue
      released #1 · finished 1 200 · > 6
    `,
  },
  {
    name: "With Expect: 100-continue the body is sent if the server does not respond",
    async server(peer) {
      await peer.request();
      await peer.send(ok());
    },
    async client({ get, note }) {
      note(await get("/", { method: "PUT", headers: { Expect: "100-continue" }, body: "a body" }));
    },
    trace: `
      started 1 PUT · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > ok
    `,
  },
  {
    name: "With Expect: 100-continue a refusal ends the connection without sending the body",
    async server(peer) {
      await peer.head();
      await peer.send(`${head("417 Expectation Failed", "content-length: 2")}no`);
      await peer.gone();
      peer.signal("gone");
    },
    async client({ get, wait, note }) {
      note(await get("/", { method: "PUT", headers: { Expect: "100-continue" }, body: "a body" }));
      await wait("gone");
    },
    trace: `
      started 1 PUT · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 upload-unfinished · finished 1 417 · > no
    `,
  },
  {
    name: "Interim responses are skipped",
    async server(peer) {
      const request = await peer.head();
      await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
      await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.body(request);
      await peer.send(ok());
    },
    async client({ get, note }) {
      note(await get("/", { method: "POST", body: "a body" }));
    },
    trace: `${FIRST_POST} · released #1 · finished 1 200 · > ok`,
  },
];

export const uploads: Scenario[] = [...whole, ...early, ...expecting];
