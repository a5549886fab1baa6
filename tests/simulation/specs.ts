/** Specs: requests drawn from a seed. */

import type { Prng } from "../support/prng.ts";
import { drawExtras, type Extras, type Misuse } from "./dimensions.ts";
import type { Plan } from "./plan.ts";
import type { Reading, RequestSpec, UploadSpec } from "./record.ts";

const METHODS = { GET: 10, HEAD: 2, PUT: 2, DELETE: 1, POST: 5 } as const;
const READINGS = {
  text: 12,
  bytes: 6,
  stream: 3,
  slowly: 1,
  partly: 1,
  discard: 1,
  later: 0.5,
  unread: 0.1,
} as const;

/** Draws the next request of a client. */
export function drawSpec(prng: Prng, id: number, plan: Plan): RequestSpec {
  const method = prng.weighted(METHODS);
  const upload = method === "GET" || method === "HEAD" || prng.oneIn(6) ? undefined : drawUpload(prng);
  const api = prng.oneIn(3) ? "fetch" : "request";
  const spec: Omit<RequestSpec, "extras"> = {
    id,
    hostname: prng.pick(plan.servers)?.hostname ?? "",
    api,
    method,
    keyed: method === "POST" && prng.oneIn(3),
    upload,
    expectsContinue: upload !== undefined && prng.oneIn(20),
    reading: promptly(drawReading(prng, plan.tight), plan),
    abortAfterMs: prng.oneIn(30) ? prng.among(0, 0.25, prng.below(50), prng.below(3000)) : undefined,
    deadlines: api === "request" && plan.weather !== "calm" && prng.oneIn(10) ? drawDeadlines(prng) : {},
  };
  const { seed, users, latencyMs } = plan;
  const about = {
    id,
    api,
    uploads: upload !== undefined,
    head: method === "HEAD",
    get: method === "GET",
    latencyMs,
  } as const;
  return withExtras(spec, drawExtras(seed, users, about));
}

const BOMB_READINGS: readonly Reading[] = ["text", "discard", "partly", "later", "bytes"];

/** Extras take precedence over the ordinary properties. */
function withExtras(spec: Omit<RequestSpec, "extras">, extras: Extras): RequestSpec {
  const { leave, copying, misuse, leaveAfterMs } = extras;
  const { upload } = spec;
  const bomb = (extras.coded?.bomb ?? 0) > 0;
  const plain = bomb ? (BOMB_READINGS[spec.id % BOMB_READINGS.length] ?? "later") : spec.reading;
  const copied = copying === undefined ? plain : "copied";
  const reading = leave === undefined ? copied : "leaves";
  const mayStall = misuse === "stream that never goes on" && spec.api === "request";
  return {
    ...spec,
    reading,
    abortAfterMs: leaveAfterMs ?? (extras.live ? undefined : spec.abortAfterMs),
    deadlines: mayStall ? { ...spec.deadlines, bodyIdleTimeout: 2000 } : spec.deadlines,
    upload: upload === undefined || misuse === undefined ? upload : misusedUpload(upload, misuse),
    extras,
  };
}

function misusedUpload(upload: UploadSpec, misuse: Misuse): UploadSpec {
  // A buffer can only be transferred while it is being sent.
  if (misuse === "buffer taken away")
    return { ...upload, kind: "bytes", length: 300_000 + upload.length, breaks: false };
  return { ...upload, kind: "stream", breaks: misuse === "stream that breaks" };
}

/** An unread body keeps its connection. Where connections are few, other requests would never get one. */
function drawReading(prng: Prng, tight: boolean): Reading {
  const reading = prng.weighted<keyof typeof READINGS>(READINGS);
  return tight && reading === "unread" ? "discard" : reading;
}

/** A body that is read slowly makes a connection idle later than it has become so for a box in between. */
function promptly(reading: Reading, { silence }: Plan): Reading {
  return silence === "forgets" && (reading === "slowly" || reading === "later") ? "text" : reading;
}

function drawUpload(prng: Prng): UploadSpec {
  const stream = prng.oneIn(4);
  const length = prng.oneIn(60) ? 70_000 + prng.below(200_000) : prng.below(200);
  return {
    kind: stream ? "stream" : "bytes",
    length,
    pieces: 1 + prng.below(5),
    gapMs: prng.among(0, 0, 5, 300),
    breaks: stream && prng.oneIn(25),
  };
}

function drawDeadlines(prng: Prng): RequestSpec["deadlines"] {
  return {
    ...(prng.oneIn(2) ? { headersTimeout: prng.among(100, 5000) } : {}),
    ...(prng.oneIn(2) ? { bodyIdleTimeout: prng.among(100, 5000) } : {}),
    ...(prng.oneIn(2) ? { requestTimeout: prng.among(200, 10_000) } : {}),
  };
}
