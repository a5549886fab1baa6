import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Deadlines, type HeapEntry } from "../../../src/pool/core/deadlines.ts";

class Item {
  retireAt = Infinity;
  heapEntry: HeapEntry | undefined;
  readonly name: number;

  constructor(name: number) {
    this.name = name;
  }
}

/** Everything that expires at `now`, by name. */
function expiredAt(deadlines: Deadlines<Item>, now: number): number[] {
  const names: number[] = [];
  for (let item = deadlines.expired(now); item !== undefined; item = deadlines.expired(now)) {
    item.retireAt = Infinity;
    names.push(item.name);
  }
  return names.toSorted((a, b) => a - b);
}

function watch(deadlines: Deadlines<Item>, item: Item, until: number): void {
  item.retireAt = until;
  deadlines.watch(item);
}

describe("Deadlines", () => {
  it("give up items in the order of their times", () => {
    const law = fc.property(fc.array(fc.nat(1000), { maxLength: 200 }), (times) => {
      const deadlines = new Deadlines<Item>();
      for (const [name, time] of times.entries()) watch(deadlines, new Item(name), time);
      const seen: number[] = [];
      for (let item = deadlines.expired(1000); item !== undefined; item = deadlines.expired(1000)) {
        seen.push(item.retireAt);
        item.retireAt = Infinity;
      }
      assertEquals(
        seen,
        times.toSorted((a, b) => a - b),
      );
    });
    fc.assert(law);
  });

  it("do what a sorted array does, when times move either way and items go", () => {
    const operation = fc.tuple(fc.constantFrom("set", "unset", "forget", "pass"), fc.nat(7), fc.nat(50));
    const law = fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const deadlines = new Deadlines<Item>();
      const items = Array.from({ length: 8 }, (_, name) => new Item(name));
      let now = 0;
      for (const [what, name, ms] of operations) {
        const item = items[name] as Item;
        if (what === "set") watch(deadlines, item, now + ms + 1);
        else item.retireAt = Infinity;
        if (what === "forget") deadlines.forget(item);
        if (what === "pass") {
          now += ms;
          const due = items.filter(({ retireAt }) => retireAt <= now).map((each) => each.name);
          assertEquals(expiredAt(deadlines, now), due);
          assert(deadlines.next() > now, "it has moved on");
        }
        for (const { retireAt } of items) assert(deadlines.next() <= retireAt, "nothing is slept past");
        assert(deadlines.size <= 2 * items.length + 1, `${deadlines.size} entries for ${items.length} items`);
      }
      for (const item of items) deadlines.forget(item);
      assertEquals(deadlines.size, 0);
    });
    fc.assert(law, { numRuns: 1000 });
  });

  it("do not move an entry while the time only gets later", () => {
    const deadlines = new Deadlines<Item>();
    const item = new Item(1);
    for (let until = 10; until < 1000; until++) watch(deadlines, item, until);
    assertEquals([deadlines.size, deadlines.next()], [1, 10]);
    assertEquals(deadlines.expired(10), undefined);
    assertEquals([deadlines.size, deadlines.next()], [1, 999]);
  });

  it("know nothing of an item that never expires", () => {
    const deadlines = new Deadlines<Item>();
    watch(deadlines, new Item(1), Infinity);
    assertEquals([deadlines.size, deadlines.next()], [0, Infinity]);
  });

  it("remember no item that was forgotten, however many there were", () => {
    const deadlines = new Deadlines<Item>();
    const kept = new Item(0);
    watch(deadlines, kept, 1_000_000);
    for (let name = 1; name < 10_000; name++) {
      const item = new Item(name);
      watch(deadlines, item, 1000 + name);
      item.retireAt = Infinity;
      deadlines.forget(item);
      assert(deadlines.size <= 3);
    }
    deadlines.forget(kept);
    assertEquals([deadlines.size, deadlines.next()], [0, Infinity]);
  });
});
