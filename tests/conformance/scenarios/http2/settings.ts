/** Settings, PINGs and faults over HTTP/2: what the peer changes in mid-flight, and what it must not do. */

import { ProtocolError, type ProtocolFault } from "../../../../mod.ts";
import * as f from "../../../http2/frame-text.ts";
import { LARGE } from "../../harness/flow.ts";
import {
  echo,
  type Http2Peer,
  type Http2Script,
  http2,
  INITIAL_WINDOW,
  MAX_STREAMS,
} from "../../harness/http2-peer.ts";
import { pattern } from "../../harness/responses.ts";
import type { Scenario } from "../../harness/scenario.ts";
import { FIRST, FIRST_POST, H2 } from "./words.ts";

const changes: Scenario[] = [
  {
    name: "HTTP/2: a limit of streams that is lowered in mid-flight holds for the next requests",
    options: { ...H2, maxConnectionsPerOrigin: 1 },
    server: http2(async (h2) => {
      const first = await h2.request();
      const second = await h2.request();
      await h2.settings([MAX_STREAMS, 1]);
      h2.signal("lowered");
      await h2.wait("answer 1");
      first.answer("one");
      await h2.wait("answer 2");
      second.answer("two");
      await echo(h2);
    }),
    async client({ get, wait, signal, note }) {
      const [first, second] = [get("/1"), get("/2")];
      await wait("lowered");
      const third = get("/3");
      signal("answer 1");
      note(await first);
      signal("answer 2");
      note(await second);
      note(await third);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · acquired #1 request 2
      started 3 GET · queued (1 waiting)
      released #1 · finished 1 200 · > one
      released #1 · acquired #1 request 3 · finished 2 200 · > two
      released #1 · finished 3 200 · > GET /3
    `,
  },
  {
    name: "HTTP/2: a limit of streams that is raised in mid-flight lets waiters begin",
    options: { ...H2, maxConnectionsPerOrigin: 1 },
    server: http2(
      async (h2) => {
        const first = await h2.request();
        first.answer("one");
        const second = await h2.request();
        h2.signal("full");
        await h2.wait("raise");
        await h2.settings([MAX_STREAMS, 2]);
        const third = await h2.request();
        third.answer("three");
        await h2.wait("answer 2");
        second.answer("two");
      },
      [MAX_STREAMS, 1],
    ),
    async client({ get, wait, signal, note }) {
      note(await get("/1"));
      const second = get("/2");
      await wait("full");
      const third = get("/3");
      signal("raise");
      note(await third);
      signal("answer 2");
      note(await second);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > one
      started 2 GET · acquired #1 request 2 · started 3 GET · queued (1 waiting)
      acquired #1 request 3 · released #1 · finished 3 200 · > three
      released #1 · finished 2 200 · > two
    `,
  },
  {
    name: "HTTP/2: an initial window that shrinks below zero and grows again moves an upload that runs",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const stream = await h2.request();
      await stream.arrived(65_535);
      await h2.settings([INITIAL_WINDOW, 100]);
      h2.write(f.windowUpdate(0, LARGE), f.windowUpdate(stream.id, 65_435));
      await h2.settings([INITIAL_WINDOW, 1000]);
      await stream.arrived(65_535 + 900);
      h2.signal("got", stream.received);
      await h2.wait("go on");
      h2.givesBack = true;
      h2.write(f.windowUpdate(stream.id, LARGE));
      await stream.ended();
      stream.answer(`${stream.received}`);
    }),
    async client({ get, wait, signal, note }) {
      const answer = get("/", { method: "POST", body: pattern(LARGE) });
      note(await wait("got"));
      signal("go on");
      note(await answer);
    },
    trace: `${FIRST_POST} · > 66435 · released #1 · finished 1 200 · > ${LARGE}`,
  },
  {
    name: "HTTP/2: PINGs of the server are answered, with streams and without",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      await h2.ping();
      stream.answer("answered");
      await h2.wait("idle");
      await h2.ping();
      h2.signal("answered");
      await echo(h2);
    }),
    async client({ get, wait, signal, note }) {
      note(await get());
      signal("idle");
      await wait("answered");
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > answered
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: our PINGs are answered by a server that is slow, and end a connection that is dead",
    options: { ...H2, ping: { interval: "1s", timeout: "3s" } },
    server: http2(async (h2) => {
      const stream = await h2.request();
      await h2.until(() => h2.pings > 0);
      stream.answer("after a ping");
      h2.answersPings = false;
      await h2.request();
    }),
    async client({ get, rejection, note }) {
      note(await get());
      const error = Object(await rejection(get("/2", { method: "POST", body: "x" })));
      note(`${error.code} in ${error.phase}, sent ${error.sent}`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1
      finished 1 200 · > after a ping · started 2 POST · acquired #1 request 2 · retired #1 ping-timeout
      failed 2 ERR_CONNECTION_LOST in headers · > ERR_CONNECTION_LOST in headers, sent full
    `,
  },
];

/** Answers one request after a fault, by which the connection ends. */
function faulty(fault: (id: number) => readonly (readonly number[])[]): Http2Script {
  return async (h2: Http2Peer) => {
    if (h2.peer.n > 1) return echo(h2);
    const stream = await h2.request();
    h2.write(...fault(stream.id));
    await h2.until(() => h2.goneAway !== undefined || stream.resetCode !== undefined);
    h2.signal(
      "ended",
      h2.goneAway === undefined ? `RST_STREAM ${stream.resetCode}` : `GOAWAY ${h2.goneAway}`,
    );
  };
}

interface Fault {
  /** What the server writes, instead of a response to the stream `id`. */
  readonly frames: (id: number) => readonly (readonly number[])[];
  readonly fault: ProtocolFault;
  readonly phase?: "body";
  /** What the client answers. Only a GOAWAY ends the connection. */
  readonly answer: string;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "a frame of a wrong size": {
    frames: (id) => [f.frame(f.RST_STREAM, 0, id, [0, 0, 0])],
    fault: "bad-frame",
    answer: "GOAWAY FRAME_SIZE_ERROR",
  },
  PUSH_PROMISE: {
    frames: (id) => [f.frame(f.PUSH_PROMISE, f.END_HEADERS, id, [0, 0, 0, 2])],
    fault: "unexpected-frame",
    answer: "GOAWAY PROTOCOL_ERROR",
  },
  "an initial window that is too large": {
    frames: () => [f.settings([INITIAL_WINDOW, 2 ** 31])],
    fault: "bad-settings",
    answer: "GOAWAY FLOW_CONTROL_ERROR",
  },
  "a field block that is cut": {
    frames: (id) => [f.frame(f.HEADERS, f.END_HEADERS, id, [0x40])],
    fault: "bad-field-block",
    answer: "GOAWAY COMPRESSION_ERROR",
  },
  "a head without a status": {
    frames: (id) => [f.headers(id, [["x", "y"]])],
    fault: "bad-pseudo-header",
    answer: "RST_STREAM PROTOCOL_ERROR",
  },
  "a window that overflows": {
    frames: () => [f.windowUpdate(0, 2 ** 31 - 1)],
    fault: "flow-control",
    answer: "GOAWAY FLOW_CONTROL_ERROR",
  },
  "a flood of empty frames": {
    frames: (id) => [f.head(id), ...Array.from({ length: 20_000 }, () => f.data(id, ""))],
    fault: "flood",
    phase: "body",
    answer: "GOAWAY ENHANCE_YOUR_CALM",
  },
};

const faults: Scenario[] = Object.entries(FAULTS).map(
  ([what, { frames, fault, phase = "headers", answer }]): Scenario => ({
    name: `HTTP/2: ${what} ends the request with an error that says so`,
    options: H2,
    server: http2(faulty(frames)),
    async client({ request, rejection, wait, note }) {
      const error = await rejection(
        request("/", { method: "POST", body: "x" }).then((response) => response.text()),
      );
      if (error instanceof ProtocolError) note(`sent ${error.sent}, retriable ${error.retriable}`);
      note(await wait("ended"));
    },
    trace: `${FIRST_POST} · ${answer.startsWith("GOAWAY") ? "retired #1 bad-framing" : "released #1"}
      failed 1 ERR_PROTOCOL in ${phase} (remote ${fault}) · > sent full, retriable false · > ${answer}
    `,
  }),
);

export const settings: Scenario[] = [...changes, ...faults];
