/**
 * The testing kit: pools without a network and with a clock that is moved by hand, servers with habits, assertions on events,
 * recordings, and simulations of policies. It works in every test runner.
 *
 * @example
 * ```ts
 * import { testPool } from "@holdfast/pool/testing";
 *
 * const { pool, clock, log } = testPool({ options: { idleTimeout: "5s" } });
 * await (await pool.fetch("http://api.test/")).text();
 * await clock.advance(5000);
 * log.assertRetired("idle-timeout", 1);
 * ```
 *
 * @module
 */

export {
  type MemoryPeer,
  type MemoryRequest,
  type MemoryResponse,
  memoryTransport,
} from "../../transports/memory.ts";
export type { TestPeer, TestServer } from "../../transports/test-server.ts";
export { AssertionError } from "./assertion-error.ts";
export { type BalanceOptions, type BalancePolicy, type BalanceSample, balance } from "./balance.ts";
export { EventLog, type EventOf, type LoggedPool } from "./event-log.ts";
export { type HabitualServer, listen, listenTo } from "./listen.ts";
export { MovableClock, settled } from "./movable-clock.ts";
export type { ServerHabits } from "./server-habits.ts";
export {
  type SimulatedPolicy,
  type SimulatedServer,
  type SimulatedTraffic,
  type SimulateOptions,
  simulate,
} from "./simulate.ts";
export { playback, type Recorder, record, type Tape, type TapedExchange } from "./tape.ts";
export { type TestPool, type TestPoolOptions, testPool } from "./test-pool.ts";
