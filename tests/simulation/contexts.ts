/** Contexts: an AsyncLocalStorage with a store for each caller, which must be seen in all that its call brought. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Happening } from "./dimensions.ts";
import type { RequestRecord } from "./record.ts";

/** What contexts need of their world. */
export interface ContextWorld {
  happened(what: Happening): void;
  fail(what: string): void;
}

/** The stores of one world, or none: they cost every promise something on Node 20. */
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

  /** Something that the call of `record` brought runs now. */
  sees({ spec }: RequestRecord, where: Happening): void {
    if (this.#storage === undefined) return;
    this.#world.happened(where);
    const seen = this.#storage.getStore();
    if (seen !== spec.id)
      this.#world.fail(`the body of request ${spec.id} runs in the store of ${seen ?? "nobody"}: ${where}`);
  }

  end(): void {
    this.#storage?.disable();
  }
}
