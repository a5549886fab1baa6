/**
 * On demand: code that most programs never use is imported with its first use. It is no part of what a program loads to send a
 * plain request.
 */

import type { Clock } from "./clock.ts";
import { HoldfastError } from "./errors.ts";

/** A part of the library that is imported with its first use. */
export class OnDemand<Code> {
  /** The code, once it is there. Whoever finds it here waits for nothing. */
  code: Code | undefined = undefined;
  readonly #what: string;
  readonly #import: () => Promise<Code>;
  #loading: Promise<Code> | undefined = undefined;

  /** @param what it is for, in the words of the error. */
  constructor(what: string, importIt: () => Promise<Code>) {
    this.#what = what;
    this.#import = importIt;
  }

  /**
   * Uses that come together share one import. After a failure the next use tries again: the cause may have passed by then.
   *
   * @throws {HoldfastError} with `ERR_CONNECT`, if the code cannot be imported. No request has begun then.
   */
  load(): Promise<Code> {
    this.#loading ??= this.#import().then(
      (code) => {
        this.code = code;
        return code;
      },
      (cause) => {
        this.#loading = undefined;
        const message = `The code for ${this.#what} could not be loaded`;
        throw new HoldfastError({ code: "ERR_CONNECT", phase: "connect", message, cause });
      },
    );
    return this.#loading;
  }
}

/**
 * What is being loaded, if that does not take too long. Loading may hang, where code comes over a network.
 *
 * @throws {HoldfastError} with `ERR_CONNECT_TIMEOUT` after `limitMs`; `Infinity`: never.
 */
export function inTime<T>(loading: Promise<T>, clock: Pick<Clock, "schedule">, limitMs: number): Promise<T> {
  if (limitMs === Infinity) return loading;
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(limitMs, () => {
      const message = `The code for the request was not loaded within ${limitMs} ms`;
      reject(new HoldfastError({ code: "ERR_CONNECT_TIMEOUT", phase: "connect", limitMs, message }));
    });
    const over = (): void => {
      timer.cancel();
      resolve(loading);
    };
    loading.then(over, over);
  });
}
