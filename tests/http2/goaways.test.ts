/** GOAWAY on many connections at once, as after a restart: what is sent again must not run from one to the next. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import {
  END_HEADERS,
  END_STREAM,
  FrameReader,
  four,
  frame,
  settingsFrame,
  TYPE,
} from "../simulation/http2/frames.ts";
import { settled } from "../support/clock.ts";
import { eventually } from "../support/patience.ts";

const url = "http://a.test/";

/** A whole response: `:status: 200` is in the static table (RFC 7541, appendix A). */
const answer = (stream: number) => frame(TYPE.headers, END_HEADERS | END_STREAM, stream, [0x88]);

describe("a GOAWAY on every connection", () => {
  it("costs no request more than two attempts before all were read", async () => {
    const open: MemoryPeer[] = [];
    let restarted = false;
    const transport = memoryTransport({
      accept: (peer) => {
        const reader = new FrameReader();
        if (!restarted) open.push(peer);
        const answers = restarted;
        peer.send(settingsFrame([[3, 2]]));
        peer.onData((bytes) => {
          for (const { type, stream } of reader.push(bytes) ?? [])
            if (answers && type === TYPE.headers) peer.send(answer(stream));
        });
      },
    });
    // Two on each by the pool's own limit: whether the SETTINGS come before the first requests depends on what was loaded before.
    const limits = { maxStreams: 2, maxConnectionsPerOrigin: 50 };
    await using pool = createPool({ transport, http2: "prior-knowledge", ...limits });
    const calls = Array.from({ length: 20 }, () => pool.request(url, { method: "POST", body: "x" }));
    // The code of HTTP/2 is loaded in real time.
    await eventually(() => pool.stats().active === 10, "ten requests that were sent");
    // One request is left on each, which has room for another.
    for (const peer of open) peer.send(answer(3));
    await settled();
    restarted = true;
    // Each comes before that of the connection which the request would join next.
    for (const peer of open.reverse()) peer.send(frame(TYPE.goaway, 0, 0, [...four(0), ...four(0)]));
    const responses = await Promise.all(calls);
    assertEquals(responses.filter(({ status }) => status === 200).length, 20);
    assertEquals(Math.max(...responses.map(({ resendCount }) => resendCount)), 2);
  });
});
