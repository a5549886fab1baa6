/** A slice of the random worlds of HTTP/2: each runtime plays its share. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { partHere, playsAll, seedsHere } from "../../support/share.ts";
import { addCases, blind, type Cases } from "../judges.ts";
import { LATE } from "../late-socket.ts";
import { LATENESS } from "../lateness.ts";
import { TAKEN_BACK } from "./hints.ts";
import { planOf, silentPlanOf } from "./plan.ts";
import { RARE_CASES, SEEDS } from "./seeds.ts";
import { Http2World, type Seen } from "./world.ts";

function seenFrom(seed: number, requests: number, plain = false): Promise<Seen> {
  return new Http2World(planOf(seed, requests, plain)).run();
}

describe("a random world of HTTP/2", () => {
  const cases: Cases = {};

  for (const { seed, requests, found, plain } of partHere(SEEDS)) {
    it(`keeps every invariant from seed ${seed}, which once found that ${found}`, async () => {
      await seenFrom(seed, requests, plain);
    });
  }

  it("keeps every invariant from the first seeds, in all of which together everything happens", async () => {
    const retired = new Set<string>();
    const happened = new Set<string>();
    for (const seed of seedsHere(25)) {
      const seen = await seenFrom(seed, 150);
      addCases(cases, seen.cases);
      for (const reason of Object.keys(seen.retired)) retired.add(reason);
      for (const what of Object.keys(seen.happened)) happened.add(what);
    }
    if (!playsAll) return;
    const missing = (all: readonly string[], seen: ReadonlySet<string>) =>
      all.filter((one) => !seen.has(one));
    assertEquals(
      missing(["goaway", "learned-limit", "max-lifetime", "max-requests", "make-room"], retired),
      [],
    );
    const events = [
      "stalled window",
      "settings changed",
      "continuation",
      "goaway in two steps",
      "restart",
      "refused before the settings were known",
      "refused by a lower limit",
      "no window at first",
      "table of another size",
      "settings late",
      "suspended",
      "redirect",
      "fields too large",
      "clock that stands still",
      "request made while the clock stood still",
      "sockets read in batches",
      "code loaded late",
      "out of time while code was loaded",
      "code that could not be loaded",
      "closed while code was loaded",
      "ended while code was loaded",
      "a second pool",
      "one of two pools closed",
      "reads no more",
      ...LATE,
      ...LATENESS,
    ];
    assertEquals(missing(events, happened), []);
  });

  it("keeps every invariant where servers disown what they have begun to answer", async () => {
    const happened = new Set<string>();
    for (const seed of seedsHere(6)) {
      const seen = await new Http2World(silentPlanOf("disowns", seed, 80)).run();
      addCases(cases, seen.cases);
      for (const what of Object.keys(seen.happened)) happened.add(what);
    }
    if (!playsAll) return;
    const expected = ["1xx at once", "vanish", ...TAKEN_BACK.map((how) => `1xx, then ${how}`)];
    assertEquals(
      expected.filter((what) => !happened.has(what)),
      [],
    );
  });

  const few = !playsAll && "Node plays enough seeds for that";

  it("keeps every invariant from seeds in which judges have rare cases", { skip: few }, async () => {
    for (const seed of RARE_CASES) addCases(cases, (await seenFrom(seed, 150)).cases);
  });

  it("has something to decide for every judge", { skip: few }, () => {
    assertEquals(blind(cases, "http2"), []);
  });

  it("keeps every invariant from a random seed", async () => {
    const { requests } = await seenFrom(Math.floor(Math.random() * 2 ** 31), 300);
    assert(requests > 0);
  });

  it("is the same again from the same seed", async () => {
    const [one, again] = [await seenFrom(5, 200), await seenFrom(5, 200)];
    assertEquals(one, again);
    assert(one.hash !== (await seenFrom(6, 200)).hash);
  });
});
