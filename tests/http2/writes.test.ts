/** Writes of an HTTP/2 wire: how many the output of one turn of the event loop takes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { data, head } from "./frame-text.ts";
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

  it("go out in parts of 32 requests, so that the peer begins while the others are made", async () => {
    const link = Link.settled();
    await microtasks();
    link.writes.length = 0;
    send(link, 31);
    assert.equal(link.writes.length, 0);
    send(link, 1);
    assert.equal(link.writes.length, 1);
    send(link, 40);
    assert.equal(link.writes.length, 2);
    await microtasks();
    assert.equal(link.writes.length, 3);
    send(link, 31);
    await microtasks();
    assert.equal(link.writes.length, 4, "each write begins a new part");
  });

  it("a part is kept while the socket takes no more", async () => {
    let accepts = true;
    const link = Link.settled({ accepts: () => accepts });
    await microtasks();
    link.writes.length = 0;
    accepts = false;
    send(link, 32);
    assert.equal(link.writes.length, 1);
    send(link, 100);
    await microtasks();
    assert.equal(link.writes.length, 1);
    accepts = true;
    link.wire.drain();
    assert.equal(link.writes.length, 2);
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

describe("the reads of a turn", () => {
  /** Streams, each with so much to come that the peer may send at once. */
  function awaiting(count: number, bytes: number): { link: Link; gathered: number[] } {
    const gathered: number[] = [];
    const link = Link.settled({ gather: (length) => void gathered.push(length) });
    send(link, count);
    for (let sent = 0; sent < count; sent++)
      link.arrive(head(2 * sent + 1, 200, [["content-length", `${bytes}`]]));
    return { link, gathered };
  }

  it("are gathered while much is to come on four streams", () => {
    const { link, gathered } = awaiting(4, 65_536);
    fullRecord(link);
    assert.deepEqual(gathered, [16_384]);
    link.arrive(data(1, "x"));
    fullRecord(link);
    assert.deepEqual(gathered, [16_384], "less than 256 KiB are to come");
  });

  it("are not gathered on fewer streams, nor if they are small", () => {
    const few = awaiting(3, 1_048_576);
    fullRecord(few.link);
    const many = awaiting(5, 1_048_576);
    many.link.arrive(data(1, "x"));
    assert.deepEqual([few.gathered, many.gathered], [[], []]);
  });
});
