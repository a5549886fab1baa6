/**
 * Contexts: an AsyncLocalStorage with a store for each caller. Every function that a call brings must see its
 * caller's store.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Happening } from "./dimensions.ts";
import type { Judges } from "./judges.ts";
import type { RequestRecord } from "./record.ts";

/** What contexts need from their world. */
export interface ContextWorld {
  happened(what: Happening): void;
  readonly judges: Judges;
}

/** The stores of one world. Few worlds have them, because they slow down every promise on Node 20. */
export class Contexts {
  readonly #world: ContextWorld;
  readonly #storage: AsyncLocalStorage<number> | undefined;

  constructor(world: ContextWorld, on: boolean) {
    this.#world = world;
    this.#storage = on ? new AsyncLocalStorage() : undefined;
  }

  run<T>(id: number, act: () => T): T {
    return this.#storage === undefined ? act() : this.#storage.run(id, act);
  }

  /** Checks that code of the call of `record` runs in its store. */
  sees({ spec }: RequestRecord, where: Happening): void {
    if (this.#storage === undefined) return;
    this.#world.happened(where);
    const seen = this.#storage.getStore();
    this.#world.judges.rules(
      "async context of the caller",
      true,
      seen !== spec.id,
      () => `the body of request ${spec.id} runs in the store of ${seen ?? "nobody"}: ${where}`,
    );
  }

  end(): void {
    this.#storage?.disable();
  }
}
