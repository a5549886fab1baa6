/** Fronts: ways in for programs that never call the pool. */

import type { Mutation } from "./mutation.ts";

const DISPATCH = { tests: "tests/dispatcher/dispatch.test" } as const;
const TRACE = { tests: "tests/trace/trace.test" } as const;
const SERVER = { tests: "tests/server/keep-alive-server" } as const;

const AGENT = { tests: "tests/agent/promises" } as const;
const FIRST_BYTES = { tests: "tests/agent/first-bytes" } as const;

export const FRONTS: readonly Mutation[] = [
  {
    breaks: "A dispatcher passes nothing on while its handler holds the response back",
    file: "src/dispatcher/body-pump.ts",
    search: "if (this.#waiting.length > 0 || this.#call.paused) {",
    replacement: "if (this.#waiting.length > 0) {",
    proof: DISPATCH,
  },
  {
    breaks: "A dispatcher sends a GET only once that says that it must not be executed twice",
    file: "src/dispatcher/dispatch-request.ts",
    search: "repeatable: idempotent ?? (method",
    replacement: "repeatable: (method",
    proof: DISPATCH,
  },
  {
    breaks: "A dispatcher sends what has changed in an object of fields",
    file: "src/dispatcher/sent-fields.ts",
    search: " || value !== this.#values[at]",
    replacement: "",
    proof: DISPATCH,
  },
  {
    breaks: "An aborted call of a dispatcher tells its handler the reason, once",
    file: "src/dispatcher/dispatch-call.ts",
    search: "    this.#running.exchange?.abort(error);\n    this.#tell(error);",
    replacement: "    this.#running.exchange?.abort(error);",
    proof: DISPATCH,
  },
  {
    breaks: "A body that fetch of undici gives can be sent again, if it lies in memory",
    file: "src/dispatcher/dispatch-body.ts",
    search: "if (length !== undefined && length <= PROBED &&",
    replacement: "if (length !== undefined && length < 0 &&",
    proof: DISPATCH,
  },
  {
    breaks: "A response that undici's caller has dropped unread gives its connection back",
    file: "src/dispatcher/dispatch-call.ts",
    search: "this.#response = response;\n    this.#running.call = undefined;",
    replacement: "this.#response = response;",
    proof: { tests: "tests/promises/dropped-dispatch" },
  },
  {
    breaks: "A controller that a handler keeps lets go of a call that is over",
    file: "src/dispatcher/dispatch-call.ts",
    search: "    this.#controller.ended();\n",
    replacement: "",
    proof: { tests: "tests/promises/dropped-dispatch" },
  },
  {
    breaks: "An agent does not reuse a connection on which more came in one piece with the response",
    file: "src/agent/received-bytes.ts",
    search: "    if (own < length) this.surplus = true;\n",
    replacement: "",
    proof: AGENT,
  },
  {
    breaks:
      "Surplus bytes that come in one read with the end of a response, not with its beginning, are kept from node:http",
    file: "src/agent/received-bytes.ts",
    search: "    this.#left -= own;\n",
    replacement: "    this.#left = Infinity;\n",
    proof: AGENT,
  },
  {
    breaks:
      "An agent counts the idle time of a connection from the read, not from the end of what node:http did with it",
    file: "src/agent/agent-ending.ts",
    search: "answered: told, abruptly: aborts, at });",
    replacement: "answered: told, abruptly: aborts });",
    proof: AGENT,
  },
  {
    breaks: "A connection ends whose idle socket a tool has destroyed",
    file: "src/agent/agent-socket.ts",
    search: "else if (!this.#isClosed) this.#listener",
    replacement: "else if (this.#isClosed) this.#listener",
    proof: AGENT,
  },
  {
    breaks: "An agent looks again at a connection on which node:http writes some time after the grant",
    file: "src/agent/agent-exchange.ts",
    search: "now - lease.grantedAt > JUST_READ_MS",
    replacement: "now - lease.grantedAt === Infinity",
    proof: AGENT,
  },
  {
    breaks: "The error of an upgraded connection that is lost names its origin",
    file: "src/dispatcher/dispatch-call.ts",
    search: "early, base?.key ?? key)",
    replacement: 'early, "upgraded")',
    proof: DISPATCH,
  },
  {
    breaks: "The socket of an upgrade whose request is aborted while it changes hands is dropped",
    file: "src/dispatcher/dispatch-call.ts",
    search: "if (this.over) socket.abort();\n    else this.#socket",
    replacement: "this.#socket",
    proof: DISPATCH,
  },
  {
    breaks:
      "A complete response reaches its caller, though its connection is reset before node:http has told of it",
    file: "src/agent/agent-exchange.ts",
    search: "else if (error === undefined || isComplete) socket",
    replacement: "else if (error === undefined) socket",
    proof: AGENT,
  },
  {
    breaks: "A response in chunks does not end where a length beside them says",
    file: "src/agent/first-bytes.ts",
    search: "if (isNamed(buffer, at, CODING)) return Infinity;",
    replacement: "",
    proof: FIRST_BYTES,
  },
  {
    breaks: "What is written to an agent's socket stays behind what its peer has not taken yet",
    file: "src/agent/straight-socket.ts",
    search: "if (!this.#isBehind) return this.put(head, body, done);",
    replacement: "if (this.isLinked) return this.put(head, body, done);",
    proof: { tests: "tests/agent/straight-socket" },
  },
  {
    breaks: "An agent sends no POST twice whose connection died",
    file: "src/agent/resend.ts",
    search: "    isIdempotent(request.method) ||\n",
    replacement: '    isIdempotent(request.method) || request.method === "POST" ||\n',
    proof: AGENT,
  },
  {
    breaks: "An agent sends no request again of which it has not kept all",
    file: "src/agent/replay.ts",
    search: "if (this.#length > REPLAY_BYTES) this.drop();\n    else this.#pieces.push(",
    replacement: "if (this.#length <= REPLAY_BYTES) this.#pieces.push(",
    proof: AGENT,
  },
  {
    breaks: "An agent sends again what was written, though the caller has filled its buffer again",
    file: "src/agent/replay.ts",
    search: 'typeof piece === "string" ? piece : new Uint8Array(piece)',
    replacement: "piece",
    proof: { tests: "tests/agent/replay" },
  },
  {
    breaks: "A caller may use its buffer again once node:http says that a write is done",
    file: "src/agent/sent-bytes.ts",
    search: "if (socket.write(head, body)) done();\n    else this.#whenDrained = done;",
    replacement: "socket.write(head, body);\n    done();",
    proof: { tests: "tests/agent/used-again" },
  },
  {
    breaks: "A caller may use its buffer again once a write to a socket of an upgrade by node:http is done",
    file: "src/agent/detached-link.ts",
    search: "if (this.#socket.write(head, body)) done();\n    else this.#whenDrained = done;",
    replacement: "this.#socket.write(head, body);\n    done();",
    proof: { tests: "tests/agent/used-again" },
  },
  {
    breaks: "A plain server executes nothing that is pipelined behind the last response of a connection",
    file: "src/server/keep-alive-server.ts",
    search: "if (request === undefined) return refused(outgoing);",
    replacement: "if (request === undefined) return true;",
    proof: SERVER,
  },
  {
    breaks: "A response that a handler writes with names and values in turn keeps its repeated names",
    file: "src/server/outgoing-head.ts",
    search: "if (given === undefined) this.#response.setHeader(name, value);",
    replacement: "if (given !== null) this.#response.setHeader(name, value);",
    proof: SERVER,
  },
  {
    breaks: "A span does not end before the body of its response",
    file: "src/trace/traced-call.ts",
    search: "if (this.#idle || answer",
    replacement: "if (true || answer",
    proof: TRACE,
  },
  {
    breaks: "A traced call replaces no header of its caller",
    file: "src/trace/propagation.ts",
    search: "added.filter(([name]) => !own.has(name.toLowerCase()))",
    replacement: "added",
    proof: TRACE,
  },
  {
    breaks: "A span has no value of the query of its URL",
    file: "src/trace/span-target.ts",
    search: 'const end = part.indexOf("=");',
    replacement: "const end = part.length;",
    proof: TRACE,
  },
  {
    breaks: "A line of an event has no message of an error",
    file: "src/pool/event-lines.ts",
    search: "kindOf(value)}",
    replacement: "String(value)}",
    proof: { tests: "tests/trace/debug.test" },
  },
  {
    breaks: "Events of a redirect have the tag of the call",
    file: "src/fetch/fetch.ts",
    search: "    tag: call.tag,\n",
    replacement: "",
    proof: { tests: "tests/trace/channels.test" },
  },
];
