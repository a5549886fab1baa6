/** All cases, and which of them a system runs. */

import { type Case, type Trait, traitsOf, widthOf } from "../schedule.ts";
import type { System } from "../systems/system.ts";
import { persistence } from "./persistence.ts";
import { pool } from "./pool.ts";
import { stale } from "./stale.ts";
import { vectors } from "./vectors.ts";

const all: readonly Case[] = [...vectors, ...persistence, ...stale, ...pool];

/** The cases that a system runs, of those whose name contains `filter`. */
export function casesFor(system: System, filter: string): Case[] {
  const { name, preset = name, casesOf = preset, about = /^/, widest = Infinity, can, tunes = {} } = system;
  const able = new Set<Trait>([...can, ...(Object.keys(tunes) as Trait[])]);
  return all
    .filter((plan) => plan.name.includes(filter) && about.test(plan.name))
    .filter((plan) => plan.only?.includes(casesOf) ?? widthOf(plan) <= widest)
    .filter((plan) => traitsOf(plan).every((trait) => able.has(trait)));
}
