/**
 * Blame: an error that nobody catches fails the test that runs when it happens, as on Deno and Bun.
 *
 * Node's runner instead looks for the test that began what failed. For that, Node 20 to 24 have V8 report each promise that is made and
 * each that is collected, which takes most of the time of tests that consist of promises: 42 s instead of 6 s in virtual time.
 */

import type { AsyncHook, HookCallbacks } from "node:async_hooks";
import { createRequire } from "node:module";
import type * as TestModule from "node:test";

export type Run = (...given: readonly unknown[]) => unknown;

type Hooks = Record<"createHook" | "executionAsyncId" | "executionAsyncResource", Run>;

const load = createRequire(import.meta.url);
const hooks: Hooks = load("node:async_hooks");
const { createHook, executionAsyncId, executionAsyncResource } = hooks;

/** How the runner hears which asynchronous resource is a test, and forgets it. */
let resources: HookCallbacks = {};
/** The resource of the test that runs. */
let running = 0;
/** The runner is about to ask whose error it is. */
let failing = false;
let watching = false;

/** Node's runner, which hears of no promise. */
export const runner: Record<string, Run> & typeof TestModule = loadRunner();

/** It takes these functions when it is loaded. */
function loadRunner(): typeof runner {
  const silent = { enable: () => silent, disable: () => silent } as AsyncHook;
  hooks.createHook = (callbacks) => {
    resources = callbacks as HookCallbacks;
    return silent;
  };
  hooks.executionAsyncId = () => (failing ? running : executionAsyncId());
  try {
    return load("node:test");
  } finally {
    Object.assign(hooks, { createHook, executionAsyncId });
  }
}

/** The body of a suite, for the runner to see which one the tests in it belong to. */
export function suiteBody(body: Run): Run {
  return within(body, (id) => resources.init?.(id, "Suite", 0, executionAsyncResource() as object));
}

/** The body of a test, whose errors are its own from its beginning on. */
export function testBody(body: Run): Run {
  return within(body, (id) => {
    watch();
    resources.destroy?.(running);
    resources.init?.(id, "Test", 0, executionAsyncResource() as object);
    running = id;
  });
}

/** The runner calls a body in the resource that the test or suite is. */
function within(body: Run, tell: (id: number) => void): Run {
  const told = function (this: unknown, ...given: readonly unknown[]): unknown {
    tell(executionAsyncId() as number);
    return Reflect.apply(body, this, given);
  };
  // By its length the runner knows whether a body wants a callback.
  return Object.defineProperty(told, "length", { value: body.length });
}

/** Listens before the runner does. A listener must not be there before that of the runner: it would make errors harmless. */
function watch(): void {
  if (watching) return;
  watching = true;
  const noticed = (): void => {
    failing = true;
    queueMicrotask(() => {
      failing = false;
    });
  };
  process.on("uncaughtExceptionMonitor", noticed);
  process.prependListener("unhandledRejection", noticed);
}
