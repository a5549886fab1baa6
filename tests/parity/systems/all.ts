/** All systems whose clients are compared. */

import { chrome } from "./chrome.ts";
import { curl } from "./curl.ts";
import {
  apacheHttpClient4,
  apacheHttpClient5,
  jdk,
  jdkHttpClient,
  jdkHttpClientTuned,
  jdkTuned,
  okHttp,
} from "./java.ts";
import { bunFetch, denoFetch, nodeAgent, nodeAgentHere, undici, undici7 } from "./javascript.ts";
import { go, reqwest } from "./native.ts";
import { nginxUpstream } from "./nginx-upstream.ts";
import { proxied } from "./proxied.ts";
import type { System } from "./system.ts";

export const all: readonly System[] = [
  jdk,
  jdkTuned,
  jdkHttpClient,
  jdkHttpClientTuned,
  apacheHttpClient4,
  apacheHttpClient5,
  okHttp,
  nodeAgent,
  nodeAgentHere,
  undici,
  undici7,
  denoFetch,
  bunFetch,
  curl,
  go,
  reqwest,
  chrome,
  nginxUpstream,
  ...proxied,
];
