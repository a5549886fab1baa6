/** The life of a connection: what each state promises, whatever happens, and that nothing else can happen. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { nextState, type State, type Step, TRANSITIONS } from "../../../src/pool/core/state.ts";

const STATES = ["connecting", "idle", "active", "draining", "closed"] as const satisfies readonly State[];
const STEPS = ["connected", "leased", "released", "retired", "lost"] as const satisfies readonly Step[];

/** The state after a step, or `undefined` for a bug of the library. */
function after(state: State, step: Step): State | undefined {
  try {
    return nextState(state, step);
  } catch {
    return undefined;
  }
}

/** States from which a step is possible. */
function from(step: Step): State[] {
  return STATES.filter((state) => after(state, step) !== undefined);
}

/** All states that may follow one, at any distance. */
function reachable(start: State): Set<State> {
  const found = new Set<State>([start]);
  for (const state of found) {
    for (const step of STEPS) {
      const next = after(state, step);
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

describe("the life of a connection", () => {
  it("knows these states and steps, and no others", () => {
    assertEquals(Object.keys(TRANSITIONS).sort(), [...STATES].sort());
    const known: readonly string[] = STEPS;
    for (const row of Object.values(TRANSITIONS))
      assert(Object.keys(row).every((step) => known.includes(step)));
  });

  it("begins by connecting, to which it never returns, and can come to each of the others", () => {
    assertEquals([...reachable("connecting")].sort(), [...STATES].sort());
    for (const state of STATES)
      assert(
        STEPS.every((step) => after(state, step) !== "connecting"),
        `${state} to connecting`,
      );
  });

  it("opens once", () => assertEquals(from("connected"), ["connecting"]));

  it("gets its first lease only while it is idle", () => {
    assertEquals(from("leased"), ["idle"]);
    assertEquals(STATES.filter((state) => after(state, "leased") === "active").length, 1);
  });

  it("has its last lease end only while it has one, and only once", () => {
    assertEquals(from("released"), ["active", "draining"]);
    for (const state of from("released")) {
      const next = after(state, "released");
      assert(
        next !== undefined && after(next, "released") === undefined,
        `${state} has its last lease end twice`,
      );
    }
  });

  it("is idle, and so watched, from when it opens to its first lease, and between two of them", () => {
    assertEquals([after("connecting", "connected"), after("active", "released")], ["idle", "idle"]);
  });

  it("is never used again once it is retired or lost", () => {
    for (const step of ["retired", "lost"] as const) {
      for (const state of from(step)) {
        const end = after(state, step);
        assert(end !== undefined, state);
        const later = reachable(end);
        assert(!later.has("idle") && !later.has("active"), `${state} that is ${step} may be leased again`);
      }
    }
  });

  it("is cut by no rule while it has a lease: it closes with the last one", () => {
    for (const step of ["retired", "lost"] as const) {
      for (const state of from("released")) assert(after(state, step) !== "closed", `${state} is cut`);
    }
    assertEquals(after("draining", "released"), "closed");
  });

  it("without a lease closes at once when it is retired or lost", () => {
    const leased = from("released");
    for (const step of ["retired", "lost"] as const) {
      for (const state of from(step)) if (!leased.includes(state)) assertEquals(after(state, step), "closed");
    }
  });

  it("may be retired or lost at any time before it is closed", () => {
    const open = STATES.filter((state) => state !== "closed");
    for (const step of ["retired", "lost"] as const) assertEquals(from(step), open);
  });

  it("is over when it is closed", () => {
    assertEquals([...reachable("closed")], ["closed"]);
    for (const state of STATES) assert(reachable(state).has("closed"), `${state} can never close`);
  });

  it("has no path that departs from the table", () => {
    for (const state of STATES)
      for (const [step, next] of Object.entries(TRANSITIONS[state]))
        assertEquals(nextState(state, step as Step), next);
  });

  it("says which move was a bug of the library", () => {
    for (const state of STATES) {
      for (const step of STEPS) {
        if (step in TRANSITIONS[state]) continue;
        const message = `Bug in Holdfast: a ${state} connection cannot be ${step}`;
        assertThrows(() => nextState(state, step), Error, message);
      }
    }
  });
});
