import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { nextState, type State, type Step } from "../../src/pool/state.ts";

const STEPS = ["connected", "leased", "released", "retired", "lost"] as const satisfies readonly Step[];

/** State by row, step by column; `-` is a bug of the library. */
const TABLE: Readonly<Record<State, readonly (State | "-")[]>> = {
  connecting: ["idle", "-", "-", "closed", "closed"],
  idle: ["-", "active", "-", "closed", "closed"],
  active: ["-", "-", "idle", "draining", "draining"],
  draining: ["-", "-", "closed", "draining", "draining"],
  closed: ["-", "-", "-", "-", "-"],
};

describe("the life of a connection:", () => {
  for (const [state, row] of Object.entries(TABLE) as [State, readonly (State | "-")[]][]) {
    STEPS.forEach((step, column) => {
      const next = row[column];
      if (next === undefined || next === "-") {
        it(`a ${state} one cannot be ${step}`, () => {
          const message = `Bug in Holdfast: a ${state} connection cannot be ${step}`;
          assertThrows(() => nextState(state, step), Error, message);
        });
      } else {
        it(`a ${state} one that is ${step} is ${next}`, () => assertEquals(nextState(state, step), next));
      }
    });
  }
});
