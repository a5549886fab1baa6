/**
 * Cloudflare Workers: the transport of a Worker or a Durable Object. The only entry that imports `cloudflare:*`.
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
