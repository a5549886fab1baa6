import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { EffectQueue } from "../../src/pool/effect-queue.ts";
import { Observers } from "../../src/pool/observers.ts";

describe("EffectQueue", () => {
  it("performs the effects of a nested step after the earlier ones, then delivers the events", () => {
    const done: string[] = [];
    const observers = new Observers(() => void done.push("delivered"));
    const queue: EffectQueue<string> = new EffectQueue(observers, {
      handle(effect, now) {
        if (effect === "a") {
          observers.publish({
            type: "limit.learned",
            origin: "o",
            idleMs: 1,
            previousMs: 2,
            requests: Infinity,
          });
          queue.perform(["x", "y"], 2);
        }
        done.push(`${effect}${now}`);
      },
    });
    queue.perform(["a", "b"], 1);
    assertEquals(done, ["a1", "b1", "x2", "y2", "delivered"]);
  });

  it("is ready for the next step when an effect throws", () => {
    const done: string[] = [];
    const queue: EffectQueue<string> = new EffectQueue(new Observers(undefined), {
      handle(effect) {
        if (effect === "bug") throw new Error("bug");
        done.push(effect);
      },
    });
    try {
      queue.perform(["bug"], 1);
    } catch {
      done.push("thrown");
    }
    queue.perform(["a"], 1);
    assertEquals(done, ["thrown", "a"]);
  });
});
