/**
 * On demand: loads what is loaded with its first use. For tests with a clock of their own, where nothing else takes real time.
 * `tests/proxy/on-demand.test.ts` and `tests/upgrade/on-demand.test.ts` show the first use.
 */

import { upgrades } from "../../src/fetch/upgrade-on-demand.ts";
import { proxies } from "../../src/proxy/dialer-of.ts";

await Promise.all([proxies, upgrades].map((part) => part.load()));
