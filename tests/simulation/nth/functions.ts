/**
 * Functions: scenarios in which the library calls those functions of the user's that the other scenarios do not have.
 */

import type { BodySource } from "../../../src/fetch/prepare-body.ts";
import type { Scenario, ScenarioRun } from "./scenario-run.ts";

const A = "http://a.test";

function send(
  run: ScenarioRun,
  body: BodySource | (() => BodySource),
  headers: Iterable<[string, string]> = [],
  trailers?: () => Record<string, string>,
) {
  run.postsMade += 1;
  const { pool, signal } = run;
  const made = pool.request(`${A}/`, {
    method: "PUT",
    body,
    headers: [...headers, ...tagged(run)],
    signal,
    ...(trailers === undefined ? undefined : { trailers }),
  });
  return run.call(made.then((answer) => answer.text()));
}

const tagged = (run: ScenarioRun): [string, string][] => Object.entries(run.tag);

const get = (run: ScenarioRun): Promise<void> => {
  const { pool, signal } = run;
  return run.call(pool.request(`${A}/`, { signal, headers: run.tag }).then((answer) => answer.text()));
};

/** An async iterable as libraries make them: neither a stream nor a generator. */
function iterable(run: ScenarioRun, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        run.reached("call body.next");
        await run.pause(3);
        left -= 1;
        return left < 0
          ? { done: true, value: undefined }
          : { done: false, value: new Uint8Array(50).fill(97) };
      },
      async return() {
        run.reached("call body.return");
        return { done: true, value: undefined };
      },
    }),
  };
}

function stream(run: ScenarioRun): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        run.reached("call body.pull");
        await run.pause(3);
        controller.enqueue(new Uint8Array(50).fill(97));
      },
      cancel: () => run.reached("call body.cancel"),
    },
    { highWaterMark: 0 },
  );
}

function blob(run: ScenarioRun): Blob {
  const inner = new Blob(["some bytes"]);
  return Object.assign(inner, {
    stream: () => {
      run.reached("call body.stream");
      return Blob.prototype.stream.call(inner);
    },
  });
}

function* headers(run: ScenarioRun): Generator<[string, string]> {
  run.reached("call headers.next");
  yield ["x-one", "1"];
  run.reached("call headers.next");
  yield ["x-two", "2"];
}

const hello = () => ({ body: "hello" });

export const FUNCTION_SCENARIOS: readonly Scenario[] = [
  {
    name: "a body that a function makes, twice",
    respond(request, peer) {
      if (request.number === 2) peer.reset();
      return { body: "hello" };
    },
    async play(run) {
      await get(run);
      await send(run, () => {
        run.reached("call body.make");
        return iterable(run, 2);
      });
    },
  },
  {
    name: "trailers that a function gives",
    respond: hello,
    async play(run) {
      await send(run, iterable(run, 2), [], () => {
        run.reached("call trailers.make");
        return { "x-sum": "2" };
      });
    },
  },
  {
    name: "a body that is left in the middle",
    options: { requestTimeout: 7 },
    respond: hello,
    async play(run) {
      await send(run, iterable(run, 5));
      await send(run, stream(run));
    },
  },
  {
    name: "a user's own Blob, and header fields from an iterator",
    respond: hello,
    async play(run) {
      await run.call(
        (async () => {
          const fields = [...headers(run)];
          await send(run, blob(run), fields);
        })(),
      );
    },
  },
  {
    name: "a server that sends an unreadable hint and text beyond ASCII",
    respond: () => ({ headers: { "keep-alive": "junk" }, body: "grüße" }),
    play: (run) => get(run),
  },
  {
    name: "a server that closes idle connections",
    respond: hello,
    accept(peer) {
      peer.onData(() => {});
    },
    async play(run) {
      for (let round = 0; round < 4; round++) {
        await get(run);
        await run.pause(400);
        run.hangUp();
        await run.pause(50);
      }
    },
  },
  {
    name: "two calls with one async context, aborted from outside",
    respond: hello,
    async play(run) {
      const both = [get(run), get(run)];
      await run.pause(0.5);
      run.abortCalls();
      await Promise.all(both);
    },
  },
];
