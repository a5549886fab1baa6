/**
 * Gateways: `forward()` beside `proxy()` of Hono with the built-in fetch, http-proxy and @fastify/reply-from, on your Node. Fails if
 * one of them takes less CPU time per request. `npm run bench -- --only gateway` does the same on each installed Node.
 *
 * npm run bench:gateway [-- --rounds 5 --seconds 2]
 */

import { parseArgs } from "node:util";
import { isBest, measureGateways } from "./measure.ts";
import { gatewayPart } from "./table.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});
const lengths = { rounds: Number(values.rounds), runMs: Number(values.seconds) * 1000, warmMs: 1000 };
const figures = await measureGateways(process.execPath, lengths);
console.log(gatewayPart(`Node ${process.versions.node}`, figures));
process.exit(isBest(figures) ? 0 : 1);
