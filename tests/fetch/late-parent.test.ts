/** Late parents: a class inherits from one that is loaded when somebody first asks for what is inherited. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { inheritLate } from "../../src/fetch/late-parent.ts";

/** A child with a parent that notes when it is loaded. */
function family() {
  class Parent {
    static kind = "parent";
    get [Symbol.toStringTag](): string {
      return "Family";
    }
    get inherited(): string {
      return "of the parent";
    }
  }
  class Child {
    own(): string {
      return "of the child";
    }
  }
  let loads = 0;
  inheritLate(Child, () => {
    loads += 1;
    return Parent;
  });
  return { Parent, Child, loads: () => loads };
}

/** What makes a child look for its parent. */
const ASKING: Record<string, (child: object, of: ReturnType<typeof family>) => unknown> = {
  "the instanceof operator": (child, { Parent }) => assertEquals(child instanceof Parent, true),
  "isPrototypeOf()": (child, { Parent }) =>
    assert(Object.prototype.isPrototypeOf.call(Parent.prototype, child)),
  "a member": (child) => assertEquals(Reflect.get(child, "inherited"), "of the parent"),
  "a member that is looked for": (child) => assert("inherited" in child),
  "a member that must not be set": (child) => assert(!Reflect.set(child, "inherited", "")),
  "the tag": (child) => assertEquals(Object.prototype.toString.call(child), "[object Family]"),
  "a member of the class": (_, { Child }) => assertEquals(Reflect.get(Child, "kind"), "parent"),
  "the parent of the class": (_, { Parent, Child }) =>
    assert(Object.prototype.isPrototypeOf.call(Parent, Child)),
};

describe("a late parent", () => {
  it("is not loaded by what needs it not: own members, promises and the own class", async () => {
    const { Child, loads } = family();
    const child = await Promise.resolve(new Child());
    assert(child instanceof Child);
    assertEquals([child.own(), child.constructor === Child, loads()], ["of the child", true, 0]);
  });

  for (const [what, ask] of Object.entries(ASKING))
    it(`is loaded once, by ${what}, and is inherited from as if it had always been`, () => {
      const all = family();
      const { Parent, Child } = all;
      const child = new Child();
      ask(child, all);
      for (const again of Object.values(ASKING)) again(new Child(), all);
      assertEquals(all.loads(), 1);
      assertStrictEquals(Object.getPrototypeOf(Child.prototype), Parent.prototype);
      assertStrictEquals(Object.getPrototypeOf(Child), Parent);
      assert(!("then" in child));
    });
});
