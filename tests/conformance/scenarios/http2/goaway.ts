/** GOAWAY and other ends of HTTP/2 connections: what the server has not processed is sent again, the rest by the retry rules. */

import * as f from "../../../http2/frame-text.ts";
import { echo, type Http2Peer, type Http2Script, http2 } from "../../harness/http2-peer.ts";
import type { Scenario } from "../../harness/scenario.ts";
import { FIRST, FIRST_POST, H2 } from "./words.ts";

const TWO = `started 1 POST · queued (1 waiting) · started 2 POST · queued (2 waiting)
  opened #1 · acquired #1 request 1 · acquired #1 request 2`;

/** The first connection does what the scenario is about. Others answer. */
function first(script: Http2Script): NonNullable<Scenario["server"]> {
  return http2((h2: Http2Peer) => (h2.peer.n === 1 ? script(h2) : echo(h2)));
}

const POST = { method: "POST", body: "x" } as const;

const goaways: Scenario[] = [
  {
    name: "HTTP/2: GOAWAY lets the streams below its last id finish, and those above go elsewhere, a POST too",
    options: H2,
    server: first(async (h2) => {
      const taken = await h2.request();
      await taken.ended();
      await (await h2.request()).ended();
      h2.write(f.goaway(taken.id));
      await h2.wait("answer");
      taken.answer("taken");
      h2.signal("gone away", await gone(h2));
    }),
    async client({ get, wait, signal, note }) {
      const [taken, refused] = [get("/1", POST), get("/2", POST)];
      note(await refused);
      signal("answer");
      note(await taken);
      note(await wait("gone away"));
    },
    trace: `${TWO}
      released #1 · retried 2 unprocessed · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200 · > POST /2
      retired #1 goaway · finished 1 200 · > taken · > NO_ERROR
    `,
  },
  {
    name: "HTTP/2: a GOAWAY in two steps loses nothing",
    options: H2,
    server: first(async (h2) => {
      const stream = await h2.request();
      await stream.ended();
      h2.write(f.goaway(2 ** 31 - 1));
      await h2.ping();
      h2.signal("warned");
      await h2.wait("answer");
      h2.write(f.goaway(stream.id));
      stream.answer("taken");
    }),
    async client({ get, wait, signal, note }) {
      const answer = get("/1", POST);
      await wait("warned");
      note(await get("/2", POST));
      signal("answer");
      note(await answer);
    },
    trace: `${FIRST_POST}
      started 2 POST · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > POST /2
      retired #1 goaway · finished 1 200 · > taken
    `,
  },
  {
    name: "HTTP/2: a GOAWAY while idle retires the connection",
    options: H2,
    server: first(async (h2) => {
      const stream = await h2.request();
      stream.answer("one");
      await h2.wait("now");
      h2.write(f.goaway(stream.id));
    }),
    async client({ get, until, signal, note }) {
      note(await get());
      signal("now");
      await until("retired #1 goaway");
      note(await get("/2", POST));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > one · retired #1 goaway
      started 2 POST · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > POST /2
    `,
  },
  {
    name: "HTTP/2: a GOAWAY with an error and the end of the connection fail what may have been processed",
    options: H2,
    server: first(async (h2) => {
      const stream = await h2.request();
      await stream.ended();
      await (await h2.request()).ended();
      h2.write(f.goaway(stream.id, "INTERNAL_ERROR"));
      await h2.wait("end");
      h2.peer.end();
    }),
    async client({ get, rejection, signal, note }) {
      const [lost, refused] = [get("/1", POST), get("/2", POST)];
      note(await refused);
      signal("end");
      const error = Object(await rejection(lost));
      note(`sent ${error.sent}, retriable ${error.retriable}`);
    },
    trace: `
      started 1 POST · queued (1 waiting) · started 2 POST · queued (2 waiting) · opened #1
      acquired #1 request 1 · acquired #1 request 2 · released #1 · retried 2 unprocessed
      queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > POST /2
      retired #1 goaway · failed 1 ERR_CONNECTION_LOST in headers · > sent full, retriable false
    `,
  },
  {
    name: "HTTP/2: ENHANCE_YOUR_CALM is told, and retires the connection",
    options: H2,
    server: first(async (h2) => {
      const stream = await h2.request();
      h2.write(f.goaway(stream.id, "ENHANCE_YOUR_CALM", "too_many_pings"));
      stream.answer("one");
    }),
    async client({ get, until, note }) {
      note(await get());
      await until("retired #1 calm");
      note(await get("/2"));
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · calm requested #1
      retired #1 calm · finished 1 200 · > one · started 2 GET · queued (1 waiting) · opened #2
      acquired #2 request 1 · released #2 · finished 2 200 · > GET /2
    `,
  },
];

const resets: Scenario[] = [
  {
    name: "HTTP/2: a refused stream is sent again on the same connection, a POST too; two refusals retire it",
    options: H2,
    server: first(async (h2) => {
      // What was sent before the server had said its limit would not count.
      (await h2.request()).answer("one");
      (await h2.request()).reset("REFUSED_STREAM");
      (await h2.request()).reset("REFUSED_STREAM");
    }),
    async client({ get, note }) {
      note(await get());
      note(await get("/1", POST));
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1
      finished 1 200 · > one · started 2 POST · acquired #1 request 2 · released #1
      retried 2 unprocessed · acquired #1 request 3 · retired #1 refused · retried 2 unprocessed
      queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > POST /1
    `,
  },
  {
    name: "HTTP/2: a stream that is reset before its response fails, and the connection goes on",
    options: H2,
    server: http2(async (h2) => {
      (await h2.request()).reset("INTERNAL_ERROR");
      await echo(h2);
    }),
    async client({ get, rejection, note }) {
      const error = Object(await rejection(get("/1", POST)));
      note(`${why(error)}, sent ${error.sent}, retriable ${error.retriable}`);
      note(await get());
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1
      failed 1 ERR_CONNECTION_LOST in headers
      > failed (the peer reset the stream with INTERNAL_ERROR) before a response came, sent full, retriable false
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: a stream that is reset in its body fails the body, and the connection goes on",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      stream.head(200, [["content-length", "10"]]);
      stream.data("some");
      await h2.wait("reset");
      stream.reset("INTERNAL_ERROR");
      await echo(h2);
    }),
    async client({ request, rejection, signal, get, note }) {
      const answer = await request();
      signal("reset");
      const error = Object(await rejection(answer.text()));
      note(why(error));
      note(await get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1
      failed 1 ERR_CONNECTION_LOST in body
      > failed (the peer reset the stream with INTERNAL_ERROR) in the middle of the response body, 6 bytes short
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: a response that is complete outlives a reset with NO_ERROR",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const stream = await h2.request();
      h2.write(
        f.head(stream.id, 200, [["content-length", "5"]]),
        f.data(stream.id, "early", f.END_STREAM),
        f.reset(stream.id, "NO_ERROR"),
      );
      await echo(h2);
    }),
    async client({ get, note }) {
      note(await get("/", { method: "POST", body: new Uint8Array(1_000_000) }));
      note(await get());
    },
    trace: `${FIRST_POST} · released #1 · finished 1 200 · > early
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
];

const losses: Scenario[] = [
  {
    name: "HTTP/2: a FIN with streams open fails those that may have been processed, and a GET is sent again",
    options: H2,
    server: first(async (h2) => {
      await (await h2.request()).ended();
      await (await h2.request()).ended();
      h2.peer.end();
    }),
    async client({ get, rejection, note, url, pool }) {
      await pool.preconnect(url());
      const [post, safe] = [get("/1", POST), get("/2")];
      const error = Object(await rejection(post));
      note(`${error.code}, sent ${error.sent}, retriable ${error.retriable}`);
      note(await safe);
    },
    trace: `
      opened #1 · started 1 POST · started 2 GET · acquired #1 request 2 · acquired #1 request 1
      released #1 · retried 2 stale-connection · queued (1 waiting) · retired #1 peer-closed
      failed 1 ERR_CONNECTION_LOST in headers · > ERR_CONNECTION_LOST, sent full, retriable false
      opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > GET /2
    `,
  },
  {
    name: "HTTP/2: a RST with streams open fails those that may have been processed",
    options: H2,
    server: first(async (h2) => {
      const stream = await h2.request();
      stream.head();
      await (await h2.request()).ended();
      h2.signal("arrived");
      await h2.wait("reset");
      h2.peer.reset();
    }),
    async client({ request, get, rejection, wait, signal, note }) {
      const body = (await request("/1")).text();
      const post = get("/2", POST);
      await wait("arrived");
      signal("reset");
      const errors = await Promise.all([rejection(body), rejection(post)]);
      for (const error of errors) note(`${Object(error).code} in ${Object(error).phase}`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · started 2 POST
      acquired #1 request 2 · released #1 · failed 1 ERR_CONNECTION_LOST in body · retired #1 peer-closed
      failed 2 ERR_CONNECTION_LOST in headers · > ERR_CONNECTION_LOST in body
      > ERR_CONNECTION_LOST in headers
    `,
  },
  {
    name: "HTTP/2: a FIN while idle retires the connection",
    options: H2,
    server: first(async (h2) => {
      (await h2.request()).answer("one");
      await h2.wait("now");
      h2.peer.end();
    }),
    async client({ get, until, signal, note }) {
      note(await get());
      signal("now");
      await until("retired #1 peer-closed");
      note(await get("/2", POST));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > one · retired #1 peer-closed
      started 2 POST · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200 · > POST /2
    `,
  },
];

/** What the library says of a connection, without its number and address. */
function why(error: { readonly message: string }): string {
  return error.message.slice(error.message.indexOf("failed"));
}

/** The code of the client's GOAWAY, once the client has ended the connection. */
async function gone(h2: Http2Peer): Promise<string> {
  await h2.until(() => h2.goneAway !== undefined);
  return h2.goneAway ?? "";
}

export const goaway: Scenario[] = [...goaways, ...resets, ...losses];
