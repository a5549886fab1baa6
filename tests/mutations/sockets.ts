/** Mutations of the transports: of Bun's, Deno's and that of Workers, which tests drive over scripted sockets, and of Node's. */

import type { Mutation } from "./mutation.ts";

const ON_BUN = { tests: "tests/transports/bun-socket" } as const;
const ON_DENO = { tests: "tests/transports/deno-socket" } as const;
const ON_WORKERS = { tests: "tests/transports/workers-socket" } as const;

/** Mutations of what joins a runtime's sockets to reader, writer and handler. */
export const SOCKETS: readonly Mutation[] = [
  {
    breaks: "On Bun, a request that was not written when its connection ended is sent again",
    file: "transports/bun.ts",
    search: "this.writer?.ended(cause);",
    replacement: "",
    proof: ON_BUN,
  },
  {
    breaks: "On Deno, a request that was not written when its connection ended is sent again",
    file: "transports/deno.ts",
    search: "this.writer.ended(told);",
    replacement: "",
    proof: ON_DENO,
  },
  {
    breaks: "On Bun, a socket that has ended its direction can be closed",
    file: "transports/bun-writer.ts",
    search: "if (this.readsOn && !readsOn) this.readingEnded();",
    replacement: "",
    proof: ON_BUN,
  },
  {
    breaks: "On Deno, a connection that has ended its direction can be closed",
    file: "transports/deno-writer.ts",
    search: "  finish(done: () => void): void {\n",
    replacement: "  finish(done: () => void): void {\n    if (this.whenEmpty !== undefined) return;\n",
    proof: ON_DENO,
  },
  {
    breaks: "On Bun, an attempt that was given up leaves no socket open",
    file: "transports/bun.ts",
    search: "this.raw?.terminate();\n    opening?.failed(reason);",
    replacement: "opening?.failed(reason);",
    proof: ON_BUN,
  },
  {
    breaks: "On Bun, a socket whose directions do not end one by one ends with its peer",
    file: "transports/bun.ts",
    search: "      raw.end();\n      return;\n",
    replacement: "      return;\n",
    proof: ON_BUN,
  },
  {
    breaks: "On Bun, what waits on a socket that was closed is sent, though its peer ends first",
    file: "transports/bun.ts",
    search: "if (this.receiveQueue.isStopped && this.writer?.isEmpty === false) return;",
    replacement: "",
    proof: ON_BUN,
  },
  {
    breaks: "On Deno, what waits on a socket that was closed is sent, though its peer ends first",
    file: "transports/deno.ts",
    search: "if (this.receiveQueue.isStopped && error === undefined && !this.writer.isEmpty) return;",
    replacement: "",
    proof: ON_DENO,
  },
  {
    breaks: "On Deno, a direction that is ended twice does not end the other",
    file: "transports/deno.ts",
    search: "this.receiveQueue.isStopped || this.writer.isFinishing",
    replacement: "this.receiveQueue.isStopped",
    proof: ON_DENO,
  },
  {
    breaks: "On Bun, a socket that rests reads on",
    file: "transports/bun.ts",
    search: "if (!receiveQueue.isPaused && !receiveQueue.isStopped) raw?.resume();",
    replacement: "",
    proof: ON_BUN,
  },
  {
    breaks: "On Deno, a connection is closed when its second direction has ended",
    file: "transports/deno.ts",
    search: "if (this.endedDirections === 2) this.ended(undefined);",
    replacement: "",
    proof: ON_DENO,
  },
  {
    breaks: "On Deno, the end of one direction that came while reading was paused leaves the other open",
    file: "transports/deno-reader.ts",
    search: "this.lending || this.buffer === NOTHING ||",
    replacement: "this.lending ||",
    proof: ON_DENO,
  },
  {
    breaks: "On Deno, a write that found an RST gives the reason of the end",
    file: "transports/deno.ts",
    search: "this.writeError = error;",
    replacement: "",
    proof: ON_DENO,
  },
  {
    breaks: "On Workers, a socket can be resumed whose end came while it was paused",
    file: "transports/workers-reader.ts",
    search: "this.#over = true;",
    replacement: "",
    proof: ON_WORKERS,
  },
  {
    breaks: "On Workers, an attempt that was aborted before TLS began does not wait for the handshake",
    file: "transports/workers-socket.ts",
    search: "if (signal.aborted) abort(); // its event was before",
    replacement: "",
    proof: ON_WORKERS,
  },
  {
    breaks: "On Workers, an attempt that failed leaves no socket open",
    file: "transports/workers-socket.ts",
    search: "  } catch (cause) {\n    closeQuietly(socket);",
    replacement: "  } catch (cause) {",
    proof: ON_WORKERS,
  },
  {
    breaks:
      "On Workers, a delivery that pauses and resumes its socket does not have the lent buffer read into",
    file: "transports/workers-reader.ts",
    search: "this.#lending = true;",
    replacement: "",
    proof: ON_WORKERS,
  },
  {
    breaks: "A socket that its owner drops when the peer's direction has ended tells him nothing more",
    file: "transports/receive-queue.ts",
    search: "if (this.ending && !this.stopped) this.finish();",
    replacement: "if (this.ending) this.finish();",
    proof: { tests: "tests/transports/receive-queue" },
  },
  {
    breaks: "On Node, a TLS socket that has ended its direction is gone a while after it is closed",
    file: "transports/node-tls.ts",
    search: "if (raw.destroyed) return;\n  const timer",
    replacement: "if (raw.destroyed || raw.writableEnded) return;\n  const timer",
    proof: { tests: "tests/transports/tls-ending" },
  },
  {
    breaks: "On Node, a TLS socket that was closed gives its peer longer where something waits for it",
    file: "transports/node-tls.ts",
    search: "raw.writableLength === 0 ? TLS_END_MS : TLS_READ_MS",
    replacement: "TLS_END_MS",
    proof: { tests: "tests/transports/tls-ending" },
  },
  {
    breaks: "On Node, a TLS socket that is closed tells its peer at once",
    file: "transports/node-tls.ts",
    search: "  raw.end();\n",
    replacement: "",
    proof: { tests: "tests/transports/tls-ending" },
  },
  {
    breaks: "On Node, a TLS socket that is closed while it is paused ends with its peer",
    file: "transports/node-tls.ts",
    search: "  raw.resume();\n",
    replacement: "",
    proof: { tests: "tests/transports/tls-ending" },
  },
  {
    breaks: "On Node, a paused socket whose write has failed is gone when it is closed",
    file: "transports/node-socket.ts",
    search: "this.deferredDestroy.ownerLeft();",
    replacement: "",
    proof: { tests: "tests/transports/node-deferred-destroy" },
  },
];
