import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { EffectQueue } from "../../src/pool/effect-queue.ts";
import { Observers } from "../../src/pool/observers.ts";

describe("Performer", () => {
  it("does what a step within a step decided after what was decided before, and then tells", () => {
    const done: string[] = [];
    const observers = new Observers(() => void done.push("told"));
    const performer: EffectQueue<string> = new EffectQueue(observers, {
      handle(effect, now) {
        if (effect === "a") {
          observers.publish({ type: "limit.learned", origin: "o", idleMs: 1, previousMs: 2 });
          performer.perform(["x", "y"], 2);
        }
        done.push(`${effect}${now}`);
      },
    });
    performer.perform(["a", "b"], 1);
    assertEquals(done, ["a1", "b1", "x2", "y2", "told"]);
  });

  it("is ready for the next step when an effect throws", () => {
    const done: string[] = [];
    const performer: EffectQueue<string> = new EffectQueue(new Observers(undefined), {
      handle(effect) {
        if (effect === "bug") throw new Error("bug");
        done.push(effect);
      },
    });
    try {
      performer.perform(["bug"], 1);
    } catch {
      done.push("thrown");
    }
    performer.perform(["a"], 1);
    assertEquals(done, ["thrown", "a"]);
  });
});
