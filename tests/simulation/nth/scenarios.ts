/** Scenarios: what a pool is used for, each short enough to be played once for every operation in it. */

import { inverted, type Scenario, type Stage } from "./stage.ts";

const A = "http://a.test";
const B = "http://b.test";

const get = (stage: Stage, path = "/", origin = A): Promise<void> =>
  stage.call(
    stage.pool
      .request(origin + path, { signal: stage.signal, headers: stage.tag })
      .then((answer) => answer.text()),
  );

function post(stage: Stage, body: string | ReadableStream<Uint8Array>, headers = {}): Promise<void> {
  stage.postsMade += 1;
  const { pool, signal } = stage;
  const made = pool.request(`${A}/`, { method: "POST", body, headers: { ...headers, ...stage.tag }, signal });
  return stage.call(made.then((answer) => answer.text()));
}

const fetched = (stage: Stage, path: string, init: RequestInit = {}): Promise<void> =>
  stage.call(
    stage.pool
      .fetch(A + path, { ...init, signal: stage.signal, headers: stage.tag })
      .then((answer) => answer.text()),
  );

function pieces(stage: Stage, count: number, size: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stage.reached("call body.pull");
        await stage.pause(5);
        if (left === 0) return controller.close();
        left -= 1;
        controller.enqueue(new Uint8Array(size).fill(97));
      },
      cancel: () => stage.reached("call body.cancel"),
    },
    { highWaterMark: 0 },
  );
}

const hello = () => ({ body: "hello" });

export const SCENARIOS: readonly Scenario[] = [
  { name: "one request", respond: hello, play: (stage) => get(stage) },
  {
    name: "reuse",
    respond: hello,
    async play(stage) {
      await get(stage);
      await get(stage);
      await stage.pause(1500);
      await get(stage);
    },
  },
  { name: "a POST", respond: hello, play: (stage) => post(stage, "body") },
  {
    name: "a POST on a connection that was idle",
    respond: hello,
    async play(stage) {
      await get(stage);
      await stage.pause(1000);
      await post(stage, "body");
    },
  },
  {
    name: "a stale connection",
    options: { idleTimeout: "10s" },
    respond(request, peer) {
      // Gone while the next request is on its way.
      if (request.number === 1) queueMicrotask(() => peer.reset());
      return { body: "hello" };
    },
    async play(stage) {
      await get(stage);
      await get(stage);
      await get(stage);
    },
  },
  {
    name: "a body as a stream",
    respond: hello,
    play: (stage) => post(stage, pieces(stage, 3, 100)),
  },
  {
    name: "a body larger than the window",
    respond: hello,
    async play(stage) {
      await post(stage, "a".repeat(70_000));
      await post(stage, pieces(stage, 2, 40_000));
    },
  },
  {
    name: "100 Continue",
    accept(peer) {
      let heads = 0;
      peer.onData((bytes) => {
        heads += 1;
        if (heads % 2 === 1) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        else peer.send(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${bytes.length % 10}`);
      });
    },
    play: (stage) => post(stage, "body", { expect: "100-continue" }),
  },
  {
    name: "a redirect to another origin",
    respond: ({ path }) =>
      path === "/from"
        ? { status: 302, headers: { location: `${B}/to` }, body: "see there" }
        : { body: "there" },
    play: (stage) => fetched(stage, "/from"),
  },
  {
    name: "a coded body",
    respond: () => ({
      headers: { "content-encoding": "gzip" },
      body: [inverted(new Uint8Array(5000).fill(97)), inverted(new Uint8Array(5000).fill(98))],
    }),
    play: (stage) => fetched(stage, "/"),
  },
  {
    name: "a queue",
    options: { maxConnectionsPerOrigin: 1 },
    respond: hello,
    async play(stage) {
      await Promise.all([get(stage), get(stage), post(stage, "body"), get(stage)]);
    },
  },
  {
    name: "two origins with room for one",
    options: { maxConnections: 1 },
    respond: hello,
    async play(stage) {
      await Promise.all([get(stage), get(stage, "/", B), get(stage), get(stage, "/", B)]);
    },
  },
  {
    name: "preconnect",
    respond: hello,
    async play(stage) {
      await stage.call(stage.pool.preconnect(A, 2).then(() => "preconnected"));
      await Promise.all([get(stage), get(stage), get(stage)]);
    },
  },
  {
    name: "close in the middle",
    respond: hello,
    async play(stage) {
      const running = [get(stage), get(stage)];
      await stage.pause(1.5);
      await stage.call(stage.pool.close({ timeout: 100 }).then(() => "closed"));
      await Promise.all(running);
    },
  },
  {
    name: "a large body, read slowly and given up",
    respond: () => ({ body: "b".repeat(200_000) }),
    async play(stage) {
      const reading = stage.pool.fetch(`${A}/`, { signal: stage.signal }).then(async (answer) => {
        const reader = answer.body?.getReader();
        await reader?.read();
        await stage.pause(50);
        await reader?.read();
        await reader?.cancel("enough");
        return "given up";
      });
      await stage.call(reading);
      await get(stage);
    },
  },
  {
    name: "a body nobody wants",
    respond: () => ({ body: ["some", "more", "bytes"] }),
    async play(stage) {
      await stage.call(
        stage.pool.request(`${A}/`, { signal: stage.signal }).then((answer) => answer.discard()),
      );
      await get(stage);
    },
  },
  {
    name: "a drain in the middle",
    respond: hello,
    async play(stage) {
      await get(stage);
      const running = get(stage);
      stage.pool.drain();
      await running;
      await get(stage);
    },
  },
  {
    name: "deadlines that pass",
    options: { headersTimeout: 50, acquireTimeout: 30, maxConnections: 1 },
    accept: (peer) => peer.stopReading(),
    async play(stage) {
      await Promise.all([get(stage), get(stage)]);
    },
  },
];
