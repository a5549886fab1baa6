/** Listen: a server with habits, or a script of yours, on a real port. */

import { listenRaw, type TestPeer, type TestServer } from "../../transports/test-server.ts";
import { systemClock } from "../contract/clock.ts";
import { HabitualPeer } from "./habitual-peer.ts";
import { habitsOf, type ServerHabits } from "./server-habits.ts";

/** A server that counts what it was asked. */
export interface HabitualServer extends TestServer {
  /** Requests that it has answered. */
  readonly answered: number;
  /** Requests that came on a connection that it had given up. They were never answered. */
  readonly late: number;
}

/**
 * Listens on a free port of 127.0.0.1, in Node, Deno and Bun, and answers each request with 200 and `"ok"`, by its habits.
 *
 * @throws {TypeError | RangeError} for an unknown habit, or one that cannot be.
 */
export async function listen(habits: ServerHabits = {}): Promise<HabitualServer> {
  const own = habitsOf(habits);
  const counts = { answered: 0, late: 0 };
  const listener = {
    answered() {
      counts.answered += 1;
    },
    late() {
      counts.late += 1;
    },
  };
  const server = await listenRaw((peer) => void new HabitualPeer(peer, own, systemClock, listener));
  return {
    url: server.url,
    port: server.port,
    close: server.close,
    get accepted() {
      return server.accepted;
    },
    get answered() {
      return counts.answered;
    },
    get late() {
      return counts.late;
    },
  };
}

/** The same, but `script` speaks byte by byte. */
export function listenTo(script: (peer: TestPeer) => void): Promise<TestServer> {
  return listenRaw(script);
}
