/** All: every client by name. A process loads only the client that it uses. */

import type { Client } from "./sender.ts";

/** Loads a client. */
export const CLIENTS: Readonly<Record<string, () => Promise<Client>>> = {
  "holdfast request": async () => (await import("./holdfast.ts")).holdfastRequest,
  "holdfast fetch": async () => (await import("./holdfast.ts")).holdfastFetch,
  "built-in fetch": async () => (await import("./sender.ts")).builtInFetch,
  "undici dispatch": async () => (await import("./undici.ts")).undiciDispatch,
  "undici request": async () => (await import("./undici.ts")).undiciRequest,
  "undici fetch": async () => (await import("./undici.ts")).undiciOwnFetch,
  "holdfast under undici request": async () => (await import("./under-undici.ts")).underRequest,
  "holdfast under undici dispatch": async () => (await import("./under-undici.ts")).underDispatch,
  "holdfast under undici fetch": async () => (await import("./under-undici.ts")).underFetch,
  "holdfast under fetch": async () => (await import("./under-undici.ts")).underBuiltInFetch,
  "holdfast under node:http": async () => (await import("./node-http.ts")).underNodeHttp,
  "node:http": async () => (await import("./node-http.ts")).nodeHttp,
  "node:http2": async () => (await import("./node-http2.ts")).nodeHttp2,
  agentkeepalive: async () => (await import("./node-http.ts")).agentKeepAlive,
  got: async () => (await import("./libraries.ts")).gotClient,
  axios: async () => (await import("./libraries.ts")).axiosClient,
  ky: async () => (await import("./libraries.ts")).kyClient,
  "raw HTTP/2": async () => (await import("./raw-http2.ts")).rawHttp2,
  "raw HTTP/2, bodies": async () => (await import("./raw-http2.ts")).rawHttp2Bodies,
  "raw socket": async () => (await import("./raw.ts")).raw,
};
