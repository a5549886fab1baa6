/** Ending early over HTTP/2: aborts, deadlines and readers that stop end a stream, and leave its connection alone. */

import { END_STREAM } from "../../../http2/frame-text.ts";
import { LARGE, standstill } from "../../harness/flow.ts";
import { echo, type Http2Script, http2, type PeerStream } from "../../harness/http2-peer.ts";
import { isPattern, pattern } from "../../harness/responses.ts";
import type { Act, Scenario } from "../../harness/scenario.ts";
import { FIRST, FIRST_POST, H2 } from "./words.ts";

const REASON = new Error("The caller changed its mind");
const AGAIN = "started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /";

async function noteReason({ rejection, note }: Act, promise: Promise<unknown>): Promise<void> {
  note((await rejection(promise)) === REASON ? "rejected with the reason" : "rejected with something else");
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(65_536);
}

/** The first stream does what the scenario is about, and ends by a reset of the client. Others are answered. */
function reset(first: (stream: PeerStream) => void): Http2Script {
  return async (h2) => {
    const stream = await h2.request();
    first(stream);
    h2.signal("arrived");
    h2.signal("reset", await stream.wasReset());
    await echo(h2);
  };
}

const aborts: Scenario[] = [
  {
    name: "HTTP/2: an abort before the response resets the stream, and the connection goes on",
    options: H2,
    server: http2(reset(() => {})),
    async client(act) {
      const controller = new AbortController();
      const answer = act.get("/", { signal: controller.signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
      act.note(await act.wait("reset"));
      act.note(await act.get());
    },
    trace: `${FIRST} · released #1 · failed 1 Error · > rejected with the reason · > CANCEL · ${AGAIN}`,
  },
  {
    name: "HTTP/2: an abort in the body resets the stream, and the connection goes on",
    options: H2,
    server: http2(
      reset((stream) => {
        stream.head();
        stream.data("some");
      }),
    ),
    async client(act) {
      const controller = new AbortController();
      const answer = await act.request("/", { signal: controller.signal });
      const text = answer.text();
      controller.abort(REASON);
      await noteReason(act, text);
      act.note(await act.wait("reset"));
      act.note(await act.get());
    },
    trace: `${FIRST} · released #1 · failed 1 Error · > rejected with the reason · > CANCEL · ${AGAIN}`,
  },
  {
    name: "HTTP/2: an abort while the body is sent resets the stream, and the connection goes on",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const stream = await h2.request();
      await stream.arrived(1);
      h2.signal("arrived");
      h2.signal("reset", await stream.wasReset());
      await echo(h2);
    }),
    async client(act) {
      const controller = new AbortController();
      const answer = act.get("/", { method: "POST", body: endless(), signal: controller.signal });
      await act.wait("arrived");
      controller.abort(REASON);
      await noteReason(act, answer);
      act.note(await act.wait("reset"));
      act.note(await act.get());
    },
    trace: `${FIRST_POST} · released #1 · failed 1 Error · > rejected with the reason · > CANCEL · ${AGAIN}`,
  },
  {
    name: "HTTP/2: a discarded body resets the stream, and so does a body that is left",
    options: H2,
    server: http2(async (h2) => {
      for (;;) {
        const stream = await h2.request();
        stream.head(200, [["content-length", "10"]]);
        stream.data("some");
        h2.signal("reset", await stream.wasReset());
      }
    }),
    async client({ request, wait, note }) {
      (await request()).discard();
      note(await wait("reset"));
      for await (const _ of (await request()).body) break;
      note(await wait("reset"));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > CANCEL
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > CANCEL
    `,
  },
  {
    name: "HTTP/2: a body that fails resets the stream, and the connection goes on",
    options: H2,
    server: http2(reset(() => {})),
    async client({ get, rejection, wait, note }) {
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10);
        throw new Error("no more");
      }
      const error = Object(await rejection(get("/", { method: "POST", body: failing() })));
      note(`${error.cause?.message}, retriable ${error.retriable}`);
      note(await wait("reset"));
      note(await get());
    },
    trace: `${FIRST_POST} · released #1 · failed 1 ERR_REQUEST_BODY in send
      > no more, retriable false · > CANCEL · ${AGAIN}
    `,
  },
];

const deadlines: Scenario[] = [
  {
    name: "HTTP/2: headersTimeout resets the stream, and the connection goes on",
    options: H2,
    server: http2(reset(() => {})),
    async client({ get, rejection, wait, note }) {
      await rejection(get("/", { headersTimeout: 60 }));
      note(await wait("reset"));
      note(await get());
    },
    trace: `${FIRST} · released #1 · failed 1 ERR_HEADERS_TIMEOUT in headers · > CANCEL · ${AGAIN}`,
  },
  {
    name: "HTTP/2: bodyIdleTimeout resets the stream, and the connection goes on",
    options: H2,
    server: http2(reset((stream) => stream.head(200))),
    async client({ request, rejection, wait, note }) {
      const answer = await request("/", { bodyIdleTimeout: 60 });
      await rejection(answer.text());
      note(await wait("reset"));
      note(await request().then((second) => second.text()));
    },
    trace: `${FIRST} · released #1 · failed 1 ERR_BODY_TIMEOUT in body · > CANCEL · ${AGAIN}`,
  },
  {
    name: "HTTP/2: an upload without a window is limited by bodyIdleTimeout",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const stream = await h2.request();
      h2.signal("reset", await stream.wasReset());
      await echo(h2);
    }),
    async client({ get, rejection, wait, note }) {
      const error = await rejection(get("/", { method: "POST", body: pattern(LARGE), bodyIdleTimeout: 100 }));
      note(`sent ${Object(error).sent}`);
      note(await wait("reset"));
      note(await get());
    },
    trace: `${FIRST_POST} · released #1 · failed 1 ERR_BODY_TIMEOUT in send · > sent partial · > CANCEL · ${AGAIN}`,
  },
];

const flow: Scenario[] = [
  {
    name: "HTTP/2: a reader that pauses holds back its own stream only",
    options: H2,
    server: http2(async (h2) => {
      const slow = await h2.request();
      slow.head(200, [["content-length", `${LARGE}`]]);
      let sent = 0;
      const send = async (): Promise<void> => {
        for (; sent < LARGE; sent += 16_384) await slow.send(pattern(16_384, sent));
        slow.data("", END_STREAM);
      };
      const others = async (): Promise<void> => {
        await standstill(() => sent);
        h2.signal("stands", sent < LARGE ? "before the end" : "at the end");
        await echo(h2);
      };
      await Promise.all([send(), others()]);
    }),
    async client({ request, get, wait, note }) {
      const slow = await request("/slow");
      note(await wait("stands"));
      for (const path of ["/1", "/2"]) note(await get(path));
      const bytes = await slow.bytes();
      note(`${bytes.length} ${isPattern(bytes) ? "intact" : "damaged"}`);
    },
    trace: `${FIRST} · > before the end
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /1
      started 3 GET · acquired #1 request 3 · released #1 · finished 3 200 · > GET /2
      released #1 · finished 1 200 · > ${LARGE} intact
    `,
  },
  {
    name: "HTTP/2: an upload without a window holds back neither its stream's response nor others",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const upload = await h2.request();
      await upload.arrived(65_535);
      h2.signal("full", upload.received);
      const other = await h2.request();
      other.answer("other");
      await h2.wait("early");
      upload.answer("early");
      h2.signal("reset", await upload.wasReset());
    }),
    async client({ get, wait, signal, note }) {
      const upload = get("/", { method: "POST", body: pattern(LARGE) });
      note(await wait("full"));
      note(await get("/other"));
      signal("early");
      note(await upload);
      note(await wait("reset"));
    },
    trace: `${FIRST_POST} · > 65535
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > other
      released #1 · finished 1 200 · > early · > NO_ERROR
    `,
  },
];

export const endingEarly: Scenario[] = [...aborts, ...deadlines, ...flow];
