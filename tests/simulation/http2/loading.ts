/** Loading: the code of HTTP/2 comes late, in virtual time, as over a slow disk or network, and not always at the first try. */

import { OnDemand } from "../../../src/contract/on-demand.ts";
import { http2Code } from "../../../src/create-pool.ts";
import { type Agenda, LANE } from "../agenda.ts";
import type { LoadPlan } from "./plan.ts";
import "../../support/on-demand.ts";

type Code = NonNullable<typeof http2Code.code>;

/** The code of HTTP/2 in one world. It is loaded once for all pools of a program. */
export class Loading {
  /** When the first import began; `Infinity`: not yet. */
  since = Infinity;
  /** Imports that were asked for, and those that failed. */
  imports = 0;
  failed = 0;
  readonly #agenda: Agenda;
  readonly #plan: LoadPlan;
  readonly #began: () => void;
  #importedAt = 0;
  #longestMs = 0;
  #arrived: Promise<unknown> = Promise.resolve();

  /** @param began is called when the first import begins. */
  constructor(agenda: Agenda, plan: LoadPlan, began: () => void) {
    this.#agenda = agenda;
    this.#plan = plan;
    this.#began = began;
  }

  /** Takes the code away until it is imported again. Answers what gives it back to the next world. */
  begin(): () => void {
    const { code } = http2Code;
    if (code === undefined) throw new Error("The code of HTTP/2 is not loaded");
    const slow = new OnDemand("HTTP/2", () => this.#import(code));
    const load = async (): Promise<Code> => {
      const loaded = await slow.load();
      http2Code.code = loaded;
      return loaded;
    };
    Object.assign(http2Code, { code: undefined, load });
    return () => {
      Reflect.deleteProperty(http2Code, "load");
      http2Code.code = code;
    };
  }

  /** Whether somebody waits for the code. */
  get isPending(): boolean {
    return this.since < Infinity && http2Code.code === undefined;
  }

  /** How much longer a connection that opens now waits for it at least; 0: not at all. */
  get leftMs(): number {
    if (http2Code.code !== undefined) return 0;
    return this.since === Infinity
      ? this.#plan.ms
      : this.#importedAt + this.#plan.ms - this.#agenda.clientNow;
  }

  /** How long the longest import took, or has taken until now. */
  get longestMs(): number {
    return this.isPending
      ? Math.max(this.#longestMs, this.#agenda.clientNow - this.#importedAt)
      : this.#longestMs;
  }

  /** The last import has come to its end. */
  async over(): Promise<void> {
    await this.#arrived;
  }

  #import(code: Code): Promise<Code> {
    const { ms, failures } = this.#plan;
    this.imports += 1;
    const fails = this.imports <= failures;
    this.#importedAt = this.#agenda.clientNow;
    if (this.since === Infinity) {
      this.since = this.#agenda.clientNow;
      this.#began();
    }
    const arriving = new Promise<Code>((resolve, reject) => {
      this.#agenda.schedule(ms === 0 ? LANE.turn : LANE.client, ms, () => {
        this.#longestMs = Math.max(this.#longestMs, this.#agenda.clientNow - this.#importedAt);
        if (!fails) return resolve(code);
        this.failed += 1;
        reject(new Error("the disk is gone"));
      });
    });
    this.#arrived = arriving.catch(() => {});
    return arriving;
  }
}
