/** The table of open streams, beside a map. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Http2Stream } from "../../src/http2/stream.ts";
import { StreamTable } from "../../src/http2/stream-table.ts";
import { Random } from "../http1/generate.ts";

const stream = (id: number): Http2Stream => ({ id }) as Http2Stream;

/** Opens streams one after the other. Beyond `most`, one ends: mostly the oldest but for the few that stay open. */
function fill(most: number, random: Random, step: (table: StreamTable, map: Map<number, unknown>) => void) {
  const table = new StreamTable();
  const map = new Map<number, Http2Stream>();
  for (let id = 1; id < 20_000; id += 2) {
    map.set(id, stream(id));
    table.add(map.get(id) as Http2Stream);
    const open = [...map.keys()];
    const ends = random.chance(0.01) ? random.below(open.length) : Math.min(open.length - 1, most >> 2);
    if (open.length > most) {
      table.delete(open[ends] as number);
      map.delete(open[ends] as number);
    }
    step(table, map);
  }
}

describe("the table of open streams", () => {
  for (const most of [1, 20, 100])
    it(`holds what a map holds, with up to ${most} streams of which some stay open`, () => {
      const random = new Random(most);
      let last = 1;
      fill(most, random, (table, map) => {
        const asked = last - 2 * random.below(3 * most);
        last += 2;
        assertEquals(table.size, map.size);
        if (table.get(asked) !== map.get(asked)) assertEquals(table.get(asked), map.get(asked));
        if (last % 1000 === 1) assertEquals(table.all(), [...map.values()]);
      });
    });

  it("is empty after it was cleared, and knows nothing of what it does not hold", () => {
    const table = new StreamTable();
    for (const id of [1, 65, 129]) table.add(stream(id)); // the same slot
    table.delete(193);
    assertEquals([table.size, table.get(193), table.get(129)?.id], [3, undefined, 129]);
    table.delete(1);
    assertEquals(
      table.all().map(({ id }) => id),
      [65, 129],
    );
    table.clear();
    assertEquals([table.size, table.all(), table.get(65)], [0, [], undefined]);
  });
});
