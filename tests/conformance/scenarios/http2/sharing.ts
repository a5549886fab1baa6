/** Sharing over HTTP/2: how many requests a connection carries, when another is opened, and how rules end connections. */

import { echo, type Http2Peer, type Http2Script, http2, MAX_STREAMS } from "../../harness/http2-peer.ts";
import type { Scenario } from "../../harness/scenario.ts";
import { FIRST, H2 } from "./words.ts";

/** Responds to each request when the client says so, and to several at a time. */
const onWord: Http2Script = async (h2) => {
  const answers: Promise<void>[] = [];
  for (;;) {
    const stream = await h2.request();
    const { path } = stream;
    h2.signal(`arrived ${path}`, h2.peer.n);
    answers.push(h2.wait(`answer ${path}`).then(() => stream.answer(path)));
  }
};

/** Tells the client how the connection was ended. */
function sayingHow(script: Http2Script): Http2Script {
  return async (h2: Http2Peer) => {
    const over = h2.until(() => false).catch(() => {});
    await Promise.race([script(h2).catch(() => {}), over]);
    h2.signal("ended", h2.goneAway ?? "without GOAWAY");
  };
}

const streams: Scenario[] = [
  {
    name: "HTTP/2: a burst to an unknown server opens one connection, which answers in any order",
    options: H2,
    server: http2(onWord),
    async client({ get, wait, signal, note, pool, accepted }) {
      const answers = ["/1", "/2", "/3"].map((path) => get(path));
      for (const path of ["/1", "/2", "/3"]) await wait(`arrived ${path}`);
      note(`${pool.stats().active} active, ${pool.stats().streams} requests, ${await accepted()} accepted`);
      for (const at of [2, 0, 1]) {
        signal(`answer /${at + 1}`);
        note((await answers[at]) ?? "");
      }
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · started 3 GET · queued (3 waiting)
      opened #1 · acquired #1 request 1 · acquired #1 request 2 · acquired #1 request 3
      > 1 active, 3 requests, 1 accepted
      released #1 · finished 3 200 · > /3
      released #1 · finished 1 200 · > /1
      released #1 · finished 2 200 · > /2
    `,
  },
  {
    name: "HTTP/2: when the server's limit of streams is reached, another connection is opened",
    options: H2,
    server: http2(onWord, [MAX_STREAMS, 2]),
    async client({ get, wait, signal, note }) {
      signal("answer /0");
      note(await get("/0"));
      const answers: Promise<string>[] = [];
      for (const path of ["/1", "/2", "/3"]) {
        answers.push(get(path));
        note(`${path} on ${await wait(`arrived ${path}`)}`);
      }
      for (const [at, path] of ["/1", "/2", "/3"].entries()) {
        signal(`answer ${path}`);
        note((await answers[at]) ?? "");
      }
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1
      finished 1 200 · > /0 · started 2 GET · acquired #1 request 2 · > /1 on 1 · started 3 GET
      acquired #1 request 3 · > /2 on 1 · started 4 GET · queued (1 waiting) · opened #2
      acquired #2 request 1 · > /3 on 2 · released #1 · finished 2 200 · > /1 · released #1
      finished 3 200 · > /2 · released #2 · finished 4 200 · > /3
    `,
  },
  {
    name: "HTTP/2: with a limit of connections, a request waits for a stream",
    options: { ...H2, maxConnectionsPerOrigin: 1, maxStreams: 2 },
    server: http2(onWord),
    async client({ get, wait, signal, note }) {
      const answers = ["/1", "/2", "/3"].map((path) => get(path));
      for (const path of ["/1", "/2"]) await wait(`arrived ${path}`);
      signal("answer /2");
      note((await answers[1]) ?? "");
      await wait("arrived /3");
      for (const path of ["/1", "/3"]) {
        signal(`answer ${path}`);
        note((await answers[path === "/1" ? 0 : 2]) ?? "");
      }
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · started 3 GET · queued (3 waiting)
      opened #1 · acquired #1 request 1 · acquired #1 request 2
      released #1 · acquired #1 request 3 · finished 2 200 · > /2
      released #1 · finished 1 200 · > /1
      released #1 · finished 3 200 · > /3
    `,
  },
];

const rules: Scenario[] = [
  {
    name: "HTTP/2: maxRequests ends a connection by GOAWAY, and the next takes over before",
    options: { ...H2, maxRequests: 2 },
    server: http2(sayingHow(onWord)),
    async client({ get, wait, signal, until, note }) {
      const [first, last] = [get("/1"), get("/2")];
      await until("opened #2");
      signal("answer /1");
      note(await first);
      signal("answer /2");
      note(await last);
      signal("answer /3");
      note(await get("/3"));
      note(await wait("ended"));
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · opened #1
      acquired #1 request 1 · acquired #1 request 2 · opened #2 · released #1 · finished 1 200 · > /1
      retired #1 max-requests · finished 2 200 · > /2 · started 3 GET · acquired #2 request 1
      released #2 · finished 3 200 · > /3 · > NO_ERROR
    `,
  },
  {
    name: "HTTP/2: maxLifetime ends an idle connection by GOAWAY",
    options: { ...H2, maxLifetime: "3s" },
    server: http2(sayingHow(echo)),
    async client({ get, until, wait, note }) {
      note(await get());
      await until("retired #1 max-lifetime");
      note(await wait("ended"));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > GET / · retired #1 max-lifetime · > NO_ERROR`,
  },
  {
    name: "HTTP/2: idleTimeout counts from the last stream, and ends the connection by GOAWAY",
    options: { ...H2, idleTimeout: 60 },
    server: http2(sayingHow(echo)),
    async client({ get, until, wait, note }) {
      note(await get());
      await until("retired #1 idle-timeout");
      note(await wait("ended"));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > GET / · retired #1 idle-timeout · > NO_ERROR`,
  },
  {
    name: "HTTP/2: drain lets all streams of a connection finish, then ends it by GOAWAY",
    options: H2,
    server: http2(sayingHow(onWord)),
    async client({ pool, url, get, wait, signal, note }) {
      const answers = ["/1", "/2"].map((path) => get(path));
      for (const path of ["/1", "/2"]) await wait(`arrived ${path}`);
      pool.drain(url());
      const third = get("/3");
      note(`/3 on ${await wait("arrived /3")}`);
      for (const [at, path] of ["/1", "/2"].entries()) {
        signal(`answer ${path}`);
        note((await answers[at]) ?? "");
      }
      note(await wait("ended"));
      signal("answer /3");
      note(await third);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · opened #1
      acquired #1 request 1 · acquired #1 request 2 · started 3 GET · queued (1 waiting) · opened #2
      acquired #2 request 1 · > /3 on 2 · released #1 · finished 1 200 · > /1 · retired #1 origin-drained
      finished 2 200 · > /2 · > NO_ERROR · released #2 · finished 3 200 · > /3
    `,
  },
  {
    name: "HTTP/2: close waits for running streams for its grace, and then cuts them",
    options: H2,
    server: http2(sayingHow(onWord)),
    async client({ pool, get, wait, signal, note, rejection }) {
      const answers = ["/1", "/2"].map((path) => get(path));
      for (const path of ["/1", "/2"]) await wait(`arrived ${path}`);
      const closed = pool.close({ timeout: "3s" });
      signal("answer /1");
      note((await answers[0]) ?? "");
      const error = Object(await rejection(answers[1] as Promise<string>));
      note(`${error.code}, sent ${error.sent}`);
      await closed;
      note(await wait("ended"));
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · opened #1
      acquired #1 request 1 · acquired #1 request 2 · released #1 · finished 1 200 · > /1
      retired #1 pool-closed · failed 2 ERR_POOL_CLOSED in headers · > ERR_POOL_CLOSED, sent full
      > NO_ERROR
    `,
  },
];

export const sharing: Scenario[] = [...streams, ...rules];
