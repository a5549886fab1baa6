/** Standing time: tests of what waits for a time that the writers read themselves. On a busy machine a turn may take as long. */

import { it } from "node:test";

/** The time that writers see in a test of {@linkcode timed}. */
let now = 0;

/** Takes longer than a request should wait. */
export function work(): void {
  now += 2;
}

/** A test whose time only {@linkcode work} moves. It begins later than anything that was written before. */
export function timed(name: string, test: () => Promise<void>): void {
  it(name, async () => {
    const own = Object.getOwnPropertyDescriptor(performance, "now");
    now = Math.max(now, performance.now()) + 2;
    performance.now = () => now;
    try {
      await test();
    } finally {
      Reflect.deleteProperty(performance, "now");
      if (own !== undefined) Object.defineProperty(performance, "now", own);
    }
  });
}
