/** All scenarios. Their names must be unique, because results are matched by name. */

import type { Scenario } from "../harness/scenario.ts";
import { aborts } from "./aborts.ts";
import { addresses } from "./addresses.ts";
import { deadlines } from "./deadlines.ts";
import { downloads } from "./downloads.ts";
import { ending } from "./ending.ts";
import { fetching } from "./fetching.ts";
import { hints } from "./hints.ts";
import { overHttp2 } from "./http2/all.ts";
import { idle } from "./idle.ts";
import { leaving } from "./leaving.ts";
import { lifetimes } from "./lifetimes.ts";
import { limits } from "./limits.ts";
import { malformed } from "./malformed.ts";
import { persistence } from "./persistence.ts";
import { processes } from "./processes.ts";
import { proxies } from "./proxies.ts";
import { refusals } from "./refusals.ts";
import { retry } from "./retry.ts";
import { reuse } from "./reuse.ts";
import { sockets } from "./sockets.ts";
import { tls } from "./tls.ts";
import { unread } from "./unread.ts";
import { uploads } from "./uploads.ts";

export const scenarios: readonly Scenario[] = [
  reuse,
  lifetimes,
  hints,
  persistence,
  idle,
  limits,
  retry,
  aborts,
  deadlines,
  downloads,
  uploads,
  unread,
  leaving,
  malformed,
  fetching,
  ending,
  tls,
  sockets,
  addresses,
  proxies,
  processes,
  refusals,
  overHttp2,
].flat();

const names = new Set(scenarios.map(({ name }) => name));
if (names.size < scenarios.length) throw new Error("Two scenarios have the same name");
