/** Writes of an HTTP/2 wire: how many the output of one turn of the event loop takes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GET, Link } from "./link.ts";

/** More microtasks than a turn is put off for. */
async function microtasks(): Promise<void> {
  for (let count = 0; count < 40; count++) await undefined;
}

function send(link: Link, count: number): void {
  for (let sent = 0; sent < count; sent++) link.open().opened.send(GET, false, undefined);
}

/** A full TLS record arrives, with a frame of an unknown type. */
function fullRecord(link: Link): void {
  const bytes = new Uint8Array(16_384);
  bytes.set([0, (bytes.length - 9) >> 8, (bytes.length - 9) & 255, 0xfa]);
  link.wire.data(bytes, bytes.length);
}

describe("the writes of a turn", () => {
  it("many streams wait for the end of all reads after a full record, once", async () => {
    const due: (() => void)[] = [];
    const link = Link.settled({ afterReads: (callback) => void due.push(callback) });
    send(link, 4);
    await microtasks();
    link.writes.length = 0;
    fullRecord(link);
    send(link, 2);
    await microtasks();
    send(link, 1); // as after the next TLS record
    await microtasks();
    assert.deepEqual([due.length, link.writes.length], [1, 0]);
    due.pop()?.();
    assert.equal(link.writes.length, 1);
    send(link, 1);
    await microtasks();
    assert.deepEqual([due.length, link.writes.length], [0, 2], "small responses wait for microtasks only");
  });

  it("few streams wait for microtasks only", async () => {
    const link = Link.settled({ afterReads: () => assert.fail("asked for the end of reads") });
    await microtasks();
    link.writes.length = 0;
    fullRecord(link);
    send(link, 3);
    await microtasks();
    assert.equal(link.writes.length, 1);
  });
});
