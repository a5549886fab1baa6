/** Functions: scenarios in which the library comes by those functions of the user's that the others do not bring. */

import type { BodySource } from "../../../src/fetch/prepare-body.ts";
import type { Scenario, Stage } from "./stage.ts";

const A = "http://a.test";

function send(stage: Stage, body: BodySource | (() => BodySource), headers: Iterable<[string, string]> = []) {
  stage.postsMade += 1;
  const { pool, signal } = stage;
  const made = pool.request(`${A}/`, {
    method: "PUT",
    body,
    headers: [...headers, ...tagged(stage)],
    signal,
  });
  return stage.call(made.then((answer) => answer.text()));
}

const tagged = (stage: Stage): [string, string][] => Object.entries(stage.tag);

const get = (stage: Stage): Promise<void> => {
  const { pool, signal } = stage;
  return stage.call(pool.request(`${A}/`, { signal, headers: stage.tag }).then((answer) => answer.text()));
};

/** As those of libraries are: neither a stream nor a class of ours. */
function iterable(stage: Stage, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        stage.reached("call body.next");
        await stage.pause(3);
        left -= 1;
        return left < 0
          ? { done: true, value: undefined }
          : { done: false, value: new Uint8Array(50).fill(97) };
      },
      async return() {
        stage.reached("call body.return");
        return { done: true, value: undefined };
      },
    }),
  };
}

function stream(stage: Stage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stage.reached("call body.pull");
        await stage.pause(3);
        controller.enqueue(new Uint8Array(50).fill(97));
      },
      cancel: () => stage.reached("call body.cancel"),
    },
    { highWaterMark: 0 },
  );
}

function blob(stage: Stage): Blob {
  const inner = new Blob(["some bytes"]);
  return Object.assign(inner, {
    stream: () => {
      stage.reached("call body.stream");
      return Blob.prototype.stream.call(inner);
    },
  });
}

function* headers(stage: Stage): Generator<[string, string]> {
  stage.reached("call headers.next");
  yield ["x-one", "1"];
  stage.reached("call headers.next");
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
    async play(stage) {
      await get(stage);
      await send(stage, () => {
        stage.reached("call body.make");
        return iterable(stage, 2);
      });
    },
  },
  {
    name: "a body that is left in the middle",
    options: { requestTimeout: 7 },
    respond: hello,
    async play(stage) {
      await send(stage, iterable(stage, 5));
      await send(stage, stream(stage));
    },
  },
  {
    name: "a Blob of one's own, and fields that are made one by one",
    respond: hello,
    async play(stage) {
      await stage.call(
        (async () => {
          const fields = [...headers(stage)];
          await send(stage, blob(stage), fields);
        })(),
      );
    },
  },
  {
    name: "a server that says what nobody understands, beyond ASCII",
    respond: () => ({ headers: { "keep-alive": "junk" }, body: "grüße" }),
    play: (stage) => get(stage),
  },
  {
    name: "a server that closes what is idle",
    respond: hello,
    accept(peer) {
      peer.onData(() => {});
    },
    async play(stage) {
      for (let round = 0; round < 4; round++) {
        await get(stage);
        await stage.pause(400);
        stage.hangUp();
        await stage.pause(50);
      }
    },
  },
  {
    name: "two calls of one store, aborted from without",
    respond: hello,
    async play(stage) {
      const both = [get(stage), get(stage)];
      await stage.pause(0.5);
      stage.abortCalls();
      await Promise.all(both);
    },
  },
];
