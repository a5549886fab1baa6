/**
 * On demand: loads what is loaded with its first use. For tests with a clock of their own, where nothing else takes real time.
 * `tests/upgrade/on-demand.test.ts` shows the first use.
 */

import { http2Code } from "../../src/create-pool.ts";
import { upgrades } from "../../src/fetch/upgrade-on-demand.ts";
import { proxies } from "../../src/proxy/dialer-of.ts";

await Promise.all([proxies, upgrades, http2Code].map((part) => part.load()));
