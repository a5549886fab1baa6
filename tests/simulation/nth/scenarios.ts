/** Scenarios: typical uses of a pool, each short enough to be played once for every operation in it. */

import { SURPLUS } from "./saboteur.ts";
import { inverted, type Scenario, type ScenarioRun } from "./scenario-run.ts";

const A = "http://a.test";
const B = "http://b.test";

const get = (run: ScenarioRun, path = "/", origin = A): Promise<void> =>
  run.call(
    run.pool.request(origin + path, { signal: run.signal, headers: run.tag }).then((answer) => answer.text()),
  );

function post(run: ScenarioRun, body: string | ReadableStream<Uint8Array>, headers = {}): Promise<void> {
  run.postsMade += 1;
  const { pool, signal } = run;
  const made = pool.request(`${A}/`, { method: "POST", body, headers: { ...headers, ...run.tag }, signal });
  return run.call(made.then((answer) => answer.text()));
}

const fetched = (run: ScenarioRun, path: string, init: RequestInit = {}): Promise<void> =>
  run.call(
    run.pool
      .fetch(A + path, { ...init, signal: run.signal, headers: run.tag })
      .then((answer) => answer.text()),
  );

function pieces(run: ScenarioRun, count: number, size: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        run.reached("call body.pull");
        await run.pause(5);
        if (left === 0) return controller.close();
        left -= 1;
        controller.enqueue(new Uint8Array(size).fill(97));
      },
      cancel: () => run.reached("call body.cancel"),
    },
    { highWaterMark: 0 },
  );
}

/** Sends two messages with the idle time between them. It tells what came back, all of it and in order, and the limits. */
async function upgraded(run: ScenarioRun): Promise<string> {
  const { pool, signal } = run;
  const { socket } = await pool.upgrade(`${A}/`, { protocol: "echo", signal, headers: run.tag });
  if (socket === undefined) return "no upgrade";
  // Other requests of a meddler are not counted there.
  const left = pool.stats().origins[`upgrade+${A}`]?.open ?? 0;
  // No deadline of the pool applies any more.
  void run.pause(5000).then(() => socket.abort(run.reason));
  try {
    const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
    let got = "";
    const read = async (end: string): Promise<void> => {
      while (!got.includes(end)) {
        const { done, value } = await reader.read();
        if (done) return;
        got += new TextDecoder().decode(value);
      }
    };
    await writer.write(new TextEncoder().encode("first "));
    await read("first ");
    await run.pause(50);
    await writer.write(new TextEncoder().encode("second"));
    await read("second");
    if (left !== 0) return `UNEXPECTED ${left} open after an upgrade`;
    // The saboteur has the socket deliver more than was sent.
    return got.replaceAll(SURPLUS, "") === "early first second" ? got : `UNEXPECTED bytes ${got}`;
  } finally {
    socket.abort();
  }
}

const hello = () => ({ body: "hello" });

export const SCENARIOS: readonly Scenario[] = [
  { name: "one request", respond: hello, play: (run) => get(run) },
  {
    name: "reuse",
    respond: hello,
    async play(run) {
      await get(run);
      await get(run);
      await run.pause(1500);
      await get(run);
    },
  },
  { name: "a POST", respond: hello, play: (run) => post(run, "body") },
  {
    name: "a POST on a connection that was idle",
    respond: hello,
    async play(run) {
      await get(run);
      await run.pause(1000);
      await post(run, "body");
    },
  },
  {
    name: "a stale connection",
    options: { idleTimeout: "10s" },
    respond(request, peer) {
      // The connection is reset while the next request is on its way.
      if (request.number === 1) queueMicrotask(() => peer.reset());
      return { body: "hello" };
    },
    async play(run) {
      await get(run);
      await get(run);
      await get(run);
    },
  },
  {
    name: "a body as a stream",
    respond: hello,
    play: (run) => post(run, pieces(run, 3, 100)),
  },
  {
    name: "a body larger than the window",
    respond: hello,
    async play(run) {
      await post(run, "a".repeat(70_000));
      await post(run, pieces(run, 2, 40_000));
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
    play: (run) => post(run, "body", { expect: "100-continue" }),
  },
  {
    name: "an upgrade",
    options: { maxConnections: 1, idleTimeout: 20 },
    accept(peer) {
      let isUpgraded = false;
      peer.onData((bytes) => {
        if (isUpgraded) return peer.send(bytes);
        isUpgraded = true;
        peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nearly ");
      });
    },
    async play(run) {
      await run.call(upgraded(run));
      await run.call(upgraded(run));
    },
  },
  {
    name: "a redirect to another origin",
    respond: ({ path }) =>
      path === "/from"
        ? { status: 302, headers: { location: `${B}/to` }, body: "see there" }
        : { body: "there" },
    play: (run) => fetched(run, "/from"),
  },
  {
    name: "a coded body",
    respond: () => ({
      headers: { "content-encoding": "gzip" },
      body: [inverted(new Uint8Array(5000).fill(97)), inverted(new Uint8Array(5000).fill(98))],
    }),
    play: (run) => fetched(run, "/"),
  },
  {
    name: "TLS",
    respond: hello,
    async play(run) {
      await Promise.all([get(run, "/", "https://a.test"), get(run, "/", "https://a.test")]);
      await get(run, "/", "https://a.test");
    },
  },
  {
    name: "a queue",
    options: { maxConnectionsPerOrigin: 1 },
    respond: hello,
    async play(run) {
      await Promise.all([get(run), get(run), post(run, "body"), get(run)]);
    },
  },
  {
    name: "two origins with room for one",
    options: { maxConnections: 1 },
    respond: hello,
    async play(run) {
      await Promise.all([get(run), get(run, "/", B), get(run), get(run, "/", B)]);
    },
  },
  {
    name: "preconnect",
    respond: hello,
    async play(run) {
      await run.call(run.pool.preconnect(A, 2).then(() => "preconnected"));
      await Promise.all([get(run), get(run), get(run)]);
    },
  },
  {
    name: "close in the middle",
    respond: hello,
    async play(run) {
      const running = [get(run), get(run)];
      await run.pause(1.5);
      await run.call(run.pool.close({ timeout: 100 }).then(() => "closed"));
      await Promise.all(running);
    },
  },
  {
    name: "a large body, read slowly and then left",
    respond: () => ({ body: "b".repeat(200_000) }),
    async play(run) {
      const reading = run.pool.fetch(`${A}/`, { signal: run.signal }).then(async (answer) => {
        const reader = answer.body?.getReader();
        await reader?.read();
        await run.pause(50);
        await reader?.read();
        await reader?.cancel("enough");
        return "given up";
      });
      await run.call(reading);
      await get(run);
    },
  },
  {
    name: "a body nobody wants",
    respond: () => ({ body: ["some", "more", "bytes"] }),
    async play(run) {
      await run.call(run.pool.request(`${A}/`, { signal: run.signal }).then((answer) => answer.discard()));
      await get(run);
    },
  },
  {
    name: "a drain in the middle",
    respond: hello,
    async play(run) {
      await get(run);
      const running = get(run);
      run.pool.drain();
      await running;
      await get(run);
    },
  },
  {
    name: "deadlines that pass",
    options: { headersTimeout: 50, acquireTimeout: 30, maxConnections: 1 },
    accept: (peer) => peer.stopReading(),
    async play(run) {
      await Promise.all([get(run), get(run)]);
    },
  },
];
