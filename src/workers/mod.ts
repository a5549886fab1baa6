/**
 * Cloudflare Workers: a pool in a Durable Object, whose connections outlive requests, and its callers. The only entry that
 * imports `cloudflare:*`.
 *
 * @example
 * ```ts
 * export class ApiPool extends poolObject({ allowOrigins: ["https://api.example.com"], idleTimeout: "20s" }) {}
 * const pool = remotePool("API_POOL");
 * export default { fetch: () => pool.fetch("https://api.example.com/items") };
 * ```
 *
 * @module
 */

export {
  type WorkersConnect,
  type WorkersSocket,
  type WorkersSocketOptions,
  type WorkersTransportOptions,
  workersTransport,
} from "../../transports/workers.ts";
export type { RemotePool, RemoteRequestOptions, RemoteResponse } from "../fetch/remote-types.ts";
export type { ObjectNamespace } from "./binding.ts";
export {
  type ObjectContext,
  type ObjectStorage,
  type PoolObject,
  type PoolObjectClass,
  type PoolObjectOptions,
  poolObject,
} from "./pool-object.ts";
export { type RemotePoolOptions, remotePool } from "./remote-pool.ts";
