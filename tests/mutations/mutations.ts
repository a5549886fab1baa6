/** Mutations: the list of all of them, by subject. */

import { BOUNDS } from "./bounds.ts";
import { FRAMES } from "./frames.ts";
import { FRONTS } from "./fronts.ts";
import { HONO } from "./hono.ts";
import { HPACK } from "./hpack.ts";
import { HTTP2 } from "./http2.ts";
import type { Mutation } from "./mutation.ts";
import { OUTLOOK } from "./outlook.ts";
import { PLATFORM } from "./platform.ts";
import { POOL } from "./pool.ts";
import { PROBE } from "./probe.ts";
import { PROXY } from "./proxy.ts";
import { REENTRANCY } from "./reentrancy.ts";
import { RULES } from "./rules.ts";
import { SHARED } from "./sharing.ts";
import { SHELL } from "./shell.ts";
import { SOCKETS } from "./sockets.ts";
import { UPGRADES } from "./upgrades.ts";
import { UPLOADS } from "./uploads.ts";
import { FETCH, WIRE } from "./wire.ts";
import { WORKERS } from "./workers.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...RULES,
  ...POOL,
  ...WIRE,
  ...FETCH,
  ...PLATFORM,
  ...PROBE,
  ...PROXY,
  ...HONO,
  ...OUTLOOK,
  ...WORKERS,
  ...FRONTS,
  ...REENTRANCY,
  ...SHARED,
  ...UPGRADES,
  ...UPLOADS,
  ...SOCKETS,
  ...BOUNDS,
  ...HPACK,
  ...HTTP2,
  ...FRAMES,
  ...SHELL,
];
