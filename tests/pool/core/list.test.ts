import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { List, type ListNode, listNode } from "../../../src/pool/core/list.ts";

describe("List", () => {
  it("does what an array does, under any operations", () => {
    const operation = fc.tuple(fc.constantFrom("push", "unshift", "insert", "remove"), fc.nat(9), fc.nat(9));
    const law = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const list = new List<number>();
      const nodes = Array.from({ length: 10 }, (_, item) => listNode(item));
      const model: number[] = [];
      for (const [what, item, other] of operations) {
        apply(what, nodes, list, model, [item, other]);
        assertEquals([...list], model);
        assertEquals([list.first, list.last, list.size], [model[0], model.at(-1), model.length]);
        assertEquals(
          nodes.map(({ listed }) => listed),
          nodes.map((node) => model.includes(node.item)),
        );
      }
    });
    fc.assert(law, { numRuns: 300 });
  });

  it("may lose the item that an iteration is at", () => {
    const list = new List<number>();
    const nodes = [0, 1, 2].map((item) => listNode(item));
    for (const node of nodes) list.push(node);
    const seen: number[] = [];
    for (const item of list) {
      seen.push(item);
      list.remove(nodes[item] as ListNode<number>);
    }
    assertEquals([seen, list.size], [[0, 1, 2], 0]);
  });

  it("does nothing when an item that is not listed is removed", () => {
    const list = new List<string>();
    const node = listNode("a");
    list.remove(node);
    list.push(node);
    list.remove(node);
    list.remove(node);
    assertEquals([[...list], list.size], [[], 0]);
  });
});

function apply(
  what: string,
  nodes: readonly ListNode<number>[],
  list: List<number>,
  model: number[],
  [item, other]: [number, number],
): void {
  const node = nodes[item] as ListNode<number>;
  const next = nodes[other] as ListNode<number>;
  if (what === "remove") {
    list.remove(node);
    if (model.includes(item)) model.splice(model.indexOf(item), 1);
    return;
  }
  if (node.listed || (what === "insert" && !next.listed)) return;
  if (what === "push") {
    list.push(node);
    model.push(item);
  } else if (what === "unshift") {
    list.unshift(node);
    model.unshift(item);
  } else {
    list.insert(node, next);
    model.splice(model.indexOf(other), 0, item);
  }
}
