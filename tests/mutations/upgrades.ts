/** Upgrades: the socket after 101, and the connections on which upgrades are asked for. */

import type { Mutation } from "./mutation.ts";

const BY_UPGRADE = { tests: "tests/upgrade/upgrade" } as const;
const BY_PATH = { tests: "tests/upgrade/paths" } as const;

const BY_FRAMES = { tests: "tests/hono/upgrades/web-socket-frames" } as const;

/** Mutations of upgrades. */
export const UPGRADES: readonly Mutation[] = [
  {
    breaks: "A caller may use its buffer again once a write to an upgraded socket has settled",
    file: "transports/node-bytes.ts",
    search: "  drainLater(writer);\n  return false;\n",
    replacement: "  return true;\n",
    proof: { tests: "tests/upgrade/upgraded-socket" },
  },
  {
    breaks: "A tunnel's caller may use its buffer again once its write is done",
    file: "src/exchange/upgraded-socket.ts",
    search: "if (written || this.#isWriteEnded) return undefined;",
    replacement: "if (written || !this.#isWriteEnded) return undefined;",
    proof: "simulation",
  },
  {
    breaks: "Bytes that came behind a 101 are given to the socket",
    file: "src/exchange/upgraded-socket.ts",
    search: "if (early.length > 0) streams.data(early, early.length);",
    replacement: "",
    proof: BY_UPGRADE,
  },
  {
    breaks: "A socket whose request was aborted while it was taken over is aborted: nobody has it",
    file: "src/fetch/upgrade.ts",
    search: "if (this.#isOver) socket.abort();\n    else this.#socket = socket;",
    replacement: "this.#socket = socket;",
    proof: { tests: "tests/upgrade/upgraded-socket" },
  },
  {
    breaks: "The pool does not close a socket that was upgraded",
    file: "src/pool/connection.ts",
    search: "    if (this.#isHandedOver) return;\n",
    replacement: "",
    proof: { tests: "tests/upgrade/upgraded-socket" },
  },
  {
    breaks: "A 101 that nobody asked for is an error",
    file: "src/http1/parse/response-parser.ts",
    search: "!(head.status === 101 && this.#mayUpgrade)",
    replacement: "head.status !== 101",
    proof: BY_PATH,
  },
  {
    breaks: "A tunnel follows the head of a 2xx to CONNECT",
    file: "src/http1/parse/framing.ts",
    search: 'if (method === "CONNECT" && status >= 200 && status < 300) return NONE;',
    replacement: "",
    proof: BY_UPGRADE,
  },
  {
    breaks: "A connection for upgrades offers HTTP/1.1 alone",
    file: "src/pool/connect/tls-targets.ts",
    search: "upgrades === true ? ALPN_HTTP1 : this.#alpn",
    replacement: "this.#alpn",
    proof: { tests: "tests/upgrade/upgraded-socket" },
  },
  {
    breaks: "A WebSocket text that is no UTF-8 is refused",
    file: "src/hono/upgrades/web-socket-frames.ts",
    search: "fatal: true",
    replacement: "fatal: false",
    proof: BY_FRAMES,
  },
  {
    breaks: "A WebSocket message in parts is bounded as a whole",
    file: "src/hono/upgrades/web-socket-frames.ts",
    search: "this.#partsLength + length > this.#maxMessage",
    replacement: "length > this.#maxMessage",
    proof: BY_FRAMES,
  },
  {
    breaks: "A peer whose bytes nobody reads is held back",
    file: "src/exchange/upgraded-socket.ts",
    search: "    this.#isPaused = true;\n    this.#socket.pause();\n",
    replacement: "",
    proof: { tests: "tests/upgrade/upgraded-socket" },
  },
  {
    breaks: "Fields that Connection names do not pass with an upgrade",
    file: "src/hono/upgrades/upgrade-fields.ts",
    search: "  dropHopByHop(received);\n",
    replacement: "",
    proof: { tests: "tests/hono/upgrades/forward-upgrades" },
  },
];
