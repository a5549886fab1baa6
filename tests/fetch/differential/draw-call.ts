/** Draw call: the arguments of a call of `fetch`, usual ones and odd ones. */

import type { Prng } from "../../support/prng.ts";

/** The arguments of a call. In its texts, HERE and THERE are the two origins. */
export interface Call {
  /** Whether init is given to a `Request`, to the call, or some of it to either. */
  readonly form: "string" | "URL" | "Request" | "Request and init";
  readonly url: string;
  /** Members of init but for those below. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: DrawnHeaders | undefined;
  readonly body: DrawnBody;
  readonly signal: DrawnSignal;
}

export interface DrawnHeaders {
  readonly form: "object" | "pairs" | "Headers";
  readonly list: readonly (readonly [name: string, value: string])[];
}

export type DrawnBody = (typeof BODIES)[number] | "none";
export type DrawnSignal = (typeof SIGNALS)[number] | "none";

const SIGNALS = ["unused", "aborted", "aborted in the call", "aborted while the body is read"] as const;

const BODIES = [
  "null",
  "text",
  "empty text",
  "bytes",
  "a view",
  "a DataView",
  "an ArrayBuffer",
  "a Blob",
  "a Blob without a type",
  "a form",
  "an empty form",
  "search parameters",
  "a stream",
  "an empty stream",
  "a stream that fails",
  "a stream of text",
  "a number",
] as const;

const PATHS = [
  "/",
  "",
  "/a b",
  "/ü?ü#ü",
  "/x?y#z",
  "/%",
  "/%zz",
  "/a/../b/./c",
  "/%2e%2E/d",
  "?q=1",
  "/'\"<>|^`{}\\e",
  "//f",
  "/?",
  "/#",
  "/?'\"<>",
  "/\tg\n",
  "/;h=1,2",
  "/é\ud800",
] as const;

const URLS = [
  "http://127.0.0.1:6000/",
  "http://user:secret@HERE/",
  "ftp://HERE/",
  "HTTP:\\\\HERE/i",
  "http://[::1",
  "/relative",
  "data:text/plain,hello",
  "data:;base64,_",
  "about:blank",
  " http://HERE/j ",
] as const;

/** Fields of which one or two are drawn. */
const FIELDS: readonly (readonly [name: string, value: string])[] = [
  ["X-Plain", "1"],
  ["x-plain", "2"],
  ["x-padded", " \t a  b \r\n"],
  ["x-empty", ""],
  ["x-latin", "\xe9\xff"],
  ["x-tab", "a\tb"],
  ["x-wide", "\u0100"],
  ["x-zero", "a\0"],
  ["x-lines", "a\r\nb: c"],
  ["x-control", "a\x01\x7f"],
  ["bad name", "1"],
  ["", "1"],
  ["Cookie", "a=1"],
  ["cookie", "b=2"],
  ["Authorization", "Basic YQ=="],
  ["Proxy-Authorization", "Basic Yg=="],
  ["Host", "other.example"],
  ["Content-Type", "text/other"],
  ["Content-Language", "en"],
  ["Content-Location", "/c"],
  ["Content-Encoding", "x"],
  ["Content-Length", "5"],
  ["Accept", "text/html"],
  ["Accept-Encoding", "gzip;q=0.5"],
  ["Accept-Language", "de"],
  ["User-Agent", "me"],
  ["Referer", "http://page.example/"],
  ["Origin", "http://page.example"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Range", "bytes=0-"],
  ["If-None-Match", '"tag"'],
  ["Cache-Control", "no-store"],
  ["Pragma", "x"],
  ["DNT", "1"],
  ["Set-Cookie", "a"],
  ["Via", "1.1 x"],
  ["Date", "now"],
  ["Connection", "close"],
  ["Connection", "keep-alive"],
  ["Keep-Alive", "timeout=5"],
  ["TE", "trailers"],
  ["Trailer", "x"],
  ["Transfer-Encoding", "chunked"],
  ["Upgrade", "h2c"],
  ["Expect", "100-continue"],
];

/** Members of init beside method and redirect, and the values that are drawn. */
const MEMBERS: Readonly<Record<string, readonly unknown[]>> = {
  referrer: ["", "about:client", "http://page.example/a#b", "relative", "http://[", null],
  referrerPolicy: ["", "origin", "unsafe-url", "nonsense"],
  integrity: [
    "",
    "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
    "sha256-AAAA",
    "md5-x",
    "sha512-b nonsense",
  ],
  cache: ["default", "no-store", "no-cache", "reload", "force-cache", "only-if-cached", "nonsense"],
  credentials: ["omit", "same-origin", "include", "nonsense"],
  mode: ["cors", "no-cors", "same-origin", "navigate", "nonsense"],
  keepalive: [true, false, "yes"],
  window: [null, 1],
  priority: ["high", "low", "nonsense"],
  duplex: ["half", "full"],
  next: [{ revalidate: 1 }],
  signal: [null],
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"] as const;
const ODD_METHODS = ["get", "post", "patch", "Delete", "TRACE", "connect", "track", "", "BAD METHOD", "M-x!"];

export function drawCall(prng: Prng): Call {
  const body = prng.oneIn(2) ? prng.among(...BODIES) : "none";
  return {
    form: prng.weighted({ string: 6, URL: 2, Request: 3, "Request and init": 1 }),
    url: prng.oneIn(25) ? prng.among(...URLS) : `http://HERE${prng.oneIn(2) ? "/" : prng.among(...PATHS)}`,
    members: { ...drawMethod(prng, body), ...drawMembers(prng, body) },
    headers: prng.oneIn(2) ? drawHeaders(prng, body) : undefined,
    body,
    signal: prng.oneIn(8) ? prng.among(...SIGNALS) : "none",
  };
}

/** Fields that a redirect may take away: those for one origin, and those about a body. */
const TO_LOSE = [
  ["Authorization", "Basic YQ=="],
  ["Cookie", "a=1"],
  ["Content-Language", "en"],
  ["Content-Location", "/c"],
  ["Content-Type", "text/other"],
  ["X-Plain", "1"],
] as const;

/** A call that nothing refuses, and whose fields and body depend on where it is sent on to. */
export function drawSentOn(prng: Prng): Call {
  const body = prng.among("none", "text", "bytes", "a Blob", "search parameters");
  const list = TO_LOSE.filter(() => prng.oneIn(2));
  return {
    form: prng.among("string", "Request"),
    url: "http://HERE/",
    members: { method: prng.pick(body === "none" ? METHODS : METHODS.slice(2)) ?? "GET" },
    headers: { form: "pairs", list },
    body,
    signal: "none",
  };
}

function drawMethod(prng: Prng, body: DrawnBody): { readonly method?: string } {
  if (prng.oneIn(20)) return { method: prng.pick(ODD_METHODS) ?? "GET" };
  const some = body === "none" || prng.oneIn(25) ? METHODS : METHODS.slice(2);
  return body === "none" && prng.oneIn(3) ? {} : { method: prng.pick(some) ?? "POST" };
}

function drawMembers(prng: Prng, body: DrawnBody): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  if (body.includes("stream") && !prng.oneIn(15)) members.duplex = "half";
  if (prng.oneIn(3)) members.redirect = prng.among("follow", "manual", "error");
  if (prng.oneIn(60)) members.redirect = "nonsense";
  const count = prng.oneIn(3) ? 1 + prng.below(2) : 0;
  for (let drawn = 0; drawn < count; drawn++) {
    const name = prng.pick(Object.keys(MEMBERS)) ?? "cache";
    members[name] = prng.pick(MEMBERS[name] ?? []);
  }
  return members;
}

/** With a wrong length of a form, the built-in fetch waits for ever (undici 6.24). */
function drawHeaders(prng: Prng, body: DrawnBody): DrawnHeaders {
  const drawn = Array.from({ length: 1 + prng.below(3) }, () => prng.pick(FIELDS) ?? (["x", "y"] as const));
  const list = body.includes("form") ? drawn.filter(([name]) => name !== "Content-Length") : drawn;
  return { form: prng.among("object", "pairs", "Headers"), list };
}
