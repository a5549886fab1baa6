/** Sharing: connections that have several leases, which so far only the core's own tests have. */

import type { Mutation } from "./mutation.ts";

const SIMULATION = { tests: "tests/pool/core/simulation" } as const;
const SUCCESSION = { tests: "tests/pool/core/succession" } as const;
const SHARING = { tests: "tests/pool/core/sharing" } as const;

/** Mutations of `src/pool/core/` that show only where a connection takes several leases. */
export const SHARED: readonly Mutation[] = [
  {
    breaks: "No connection has more leases than its capacity",
    file: "src/pool/core/sharing.ts",
    search: `state === "active" && leases < capacity &&`,
    replacement: `state === "active" && leases <= capacity &&`,
    proof: SIMULATION,
  },
  {
    breaks: "A shared connection takes no more leases than maxRequests",
    file: "src/pool/core/sharing.ts",
    search: " && spentReason(connection, this.#rules) === undefined;",
    replacement: ";",
    proof: SIMULATION,
  },
  {
    breaks: "A shared connection takes no lease beyond its lifetime",
    file: "src/pool/core/sharing.ts",
    search: "if (now < connection.expiresAt) return true;",
    replacement: "if (now < Infinity) return true;",
    proof: SIMULATION,
  },
  {
    breaks: "A draining connection takes no lease",
    file: "src/pool/core/origin-table.ts",
    search: `    this.setRoom(connection, false);\n    if (state === "active") this.#drains(connection);`,
    replacement: `    if (state === "active") this.#drains(connection);`,
    proof: SIMULATION,
  },
  {
    breaks: "The fullest connection with room is shared first",
    file: "src/pool/core/origin-table.ts",
    search: "return one.leases > other.leases;",
    replacement: "return one.leases < other.leases;",
    proof: SIMULATION,
  },
  {
    breaks: "A new connection serves as many waiters as its capacity",
    file: "src/pool/core/core.ts",
    search: `    if (connection.capacity > 1) this.#shareWithWaiters(connection, now);\n    this.#opening.connect(`,
    replacement: "    this.#opening.connect(",
    proof: SIMULATION,
  },
  {
    breaks: "When a lease ends, a waiter may share the connection",
    file: "src/pool/core/core.ts",
    search:
      "      this.#sharing.released(connection, answered);\n      this.#shareWithWaiters(connection, now);\n",
    replacement: "      this.#sharing.released(connection, answered);\n",
    proof: SIMULATION,
  },
  {
    breaks: "When the peer raises a connection's capacity, waiters get it at once",
    file: "src/pool/core/core.ts",
    search:
      "    this.#sharing.setCapacity(connection, capacity);\n    this.#shareWithWaiters(connection, now);\n",
    replacement: "    this.#sharing.setCapacity(connection, capacity);\n",
    proof: SIMULATION,
  },
  {
    breaks: "An unsafe request shares no connection that may be stale",
    file: "src/rules/share-choice.ts",
    search: `return !request.unsafe || proof !== "none";`,
    replacement: "return true;",
    proof: SIMULATION,
  },
  {
    breaks: "A resend shares only a connection that has proved to be alive",
    file: "src/rules/share-choice.ts",
    search: `if (request.fresh) return proof === "alive";`,
    replacement: "",
    proof: SIMULATION,
  },
  {
    breaks: "An exchange without a response does not prove that its connection is alive",
    file: "src/pool/core/sharing.ts",
    search: `if (answered) connection.proof = "alive";`,
    replacement: `connection.proof = "alive";`,
    proof: SIMULATION,
  },
  {
    breaks: "After idle time, a connection must prove again that it is alive",
    file: "src/pool/core/sharing.ts",
    search: "connection.requests === 1 && connection.leasedIdleMs === 0",
    replacement: "connection.leasedIdleMs >= 0",
    proof: SIMULATION,
  },
  {
    breaks: "A lingering connection is not closed while another request shares it",
    file: "src/pool/core/retirement.ts",
    search: "    if (connection.furtherLeases > 0) return;\n",
    replacement: "",
    proof: SIMULATION,
  },
  {
    breaks: "A lingering connection that another request shares is not closed to make room",
    file: "src/pool/core/origin-table.ts",
    search: "    if (connection.lingers) this.#endLinger(connection);\n  }\n\n  /** Ends a lease.",
    replacement: "  }\n\n  /** Ends a lease.",
    proof: SIMULATION,
  },
  {
    breaks: "A failed connect attempt rejects all waiters that it was meant for",
    file: "src/pool/core/core.ts",
    search: "Math.min(waitersWithoutAttempt(origin), origin.capacity)",
    replacement: "Math.min(waitersWithoutAttempt(origin), 1)",
    proof: SIMULATION,
  },
  {
    breaks:
      "If a connection's capacity is smaller than expected, further connections are opened for the remaining waiters",
    file: "src/pool/core/origin-table.ts",
    search: "    origin.capacity = capacity;\n    this.#changed(origin, before);\n",
    replacement: "    origin.capacity = capacity;\n",
    proof: SIMULATION,
  },
  {
    breaks: "A shared connection drains to make room for an origin without a connection",
    file: "src/pool/core/core.ts",
    search: `return this.#fairness.mustDrain(connection.originRecord, now) ? "make-room" : undefined;`,
    replacement: "return undefined;",
    proof: SHARING,
  },
  {
    breaks: "No more shared connections drain than there are origins that wait for room",
    file: "src/pool/core/fairness.ts",
    search: "    if (this.#origins.draining >= this.#origins.blocked.size) return false;\n",
    replacement: "",
    proof: SHARING,
  },
  {
    breaks: "Only one of the requests that share a connection reports its idle time to the learner",
    file: "src/pool/core/idle-limit-learner.ts",
    search: "    connection.teaches = false;\n",
    replacement: "",
    proof: SHARING,
  },
  {
    breaks: "preconnect() counts a connection with room",
    file: "src/pool/core/opening.ts",
    search: "origin.idle.size + origin.room.size;",
    replacement: "origin.idle.size;",
    proof: SHARING,
  },
  {
    breaks: "A connection's successor is opened before it takes no more",
    file: "src/pool/core/core.ts",
    search: "    if (connection.capacity > 1 && !this.#closing) this.#succession.leased(connection, now);\n",
    replacement: "",
    proof: SUCCESSION,
  },
  {
    breaks: "A connection has one successor at most",
    file: "src/pool/core/succession.ts",
    search: "    connection.succeeded = true;\n",
    replacement: "",
    proof: SUCCESSION,
  },
  {
    breaks: "No successor is opened where requests do not follow one another",
    file: "src/pool/core/succession.ts",
    search: "capacity > 1 && requests > 1)",
    replacement: "capacity > 1)",
    proof: SUCCESSION,
  },
  {
    breaks: "A successor makes one connection more than the limit of its origin, and none more in all",
    file: "src/pool/core/succession.ts",
    search: "this.#origins.open >= maxConnections",
    replacement: "this.#origins.open > maxConnections",
    proof: SUCCESSION,
  },
  {
    breaks: "A connection that is in the way of its successor closes when it has no lease",
    file: "src/pool/core/core.ts",
    search: "this.#succession.isBeyondLimit(connection) || ",
    replacement: "",
    proof: SUCCESSION,
  },
  {
    breaks: "A draining connection with a long request does not keep its origin from opening another",
    file: "src/pool/core/records.ts",
    search: "this.connections.size - (this.leaving > 0 ? 1 : 0)",
    replacement: "this.connections.size",
    proof: SUCCESSION,
  },
  {
    breaks: "GOAWAYs of one moment at different numbers teach nothing",
    file: "src/rules/learned-requests.ts",
    search: "  if (isSameMoment && last.requests !== requests)\n",
    replacement: "  if (false)\n",
    proof: { tests: "tests/rules/learned-requests" },
  },
  {
    breaks: "A number of requests that was seen once is not believed",
    file: "src/rules/learned-requests.ts",
    search: "const CONFIRMED = 2;",
    replacement: "const CONFIRMED = 1;",
    proof: { tests: "tests/rules/learned-requests" },
  },
  {
    breaks: "A learned number of requests is refuted by connections that carried more",
    file: "src/pool/core/request-limit-learner.ts",
    search: "      this.#review(origin, sawNoGoaway(origin.memory, requests), now);\n",
    replacement: "      this.#review(origin, origin.memory, now);\n",
    proof: SUCCESSION,
  },
];
