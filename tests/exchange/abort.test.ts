/** Requests that share a signal share one listener on it. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Abortable, unwatchSignal, watchSignal } from "../../src/exchange/abort.ts";

function rig() {
  const controller = new AbortController();
  const aborted: string[] = [];
  const target = (name: string): Abortable => ({ abort: (reason) => void aborted.push(`${name} ${reason}`) });
  return { controller, signal: controller.signal, aborted, target };
}

describe("a signal that is shared", () => {
  it("aborts the targets that still watch it, in whatever order the others stopped", () => {
    const { controller, signal, aborted, target } = rig();
    const targets = ["a", "b", "c", "d", "e"].map(target);
    for (const one of targets) watchSignal(signal, one);
    for (const at of [0, 4, 4, 2]) unwatchSignal(signal, targets[at] as Abortable);
    unwatchSignal(signal, target("never there"));
    controller.abort("why");
    assertEquals(aborted.sort(), ["b why", "d why"]);
  });

  it("has no listener after its last target stopped, and can be watched again", () => {
    const { controller, signal, aborted, target } = rig();
    const [one, other] = [target("one"), target("other")];
    for (let time = 0; time < 3; time++) {
      watchSignal(signal, one);
      watchSignal(signal, other);
      unwatchSignal(signal, one);
      unwatchSignal(signal, other);
    }
    watchSignal(signal, one);
    controller.abort("why");
    assertEquals(aborted, ["one why"]);
  });

  it("does not abort a target that stopped watching when another was aborted", () => {
    const { controller, signal, aborted, target } = rig();
    const other = target("other");
    watchSignal(signal, { abort: () => unwatchSignal(signal, other) });
    watchSignal(signal, other);
    controller.abort("why");
    assertEquals(aborted, []);
  });
});
