/** Draw answers: what servers answer, usual and odd: redirects, codings, framings and statuses. */

import { Buffer } from "node:buffer";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { Prng } from "../../support/prng.ts";

/** One answer. Its texts have a character for each byte. */
export interface Answer {
  /** Everything up to the body, with an empty line at its end. HERE and THERE are the two origins. */
  readonly head: string;
  /** The body as it is sent: coded, and in chunks if the head says so. It is left out where the request is HEAD. */
  readonly body: string;
  /** Whether the connection is ended then. */
  readonly ends: boolean;
}

const LOCATIONS = [
  "/next",
  "next",
  "?q",
  "",
  "#part",
  "/x#part",
  "//THERE/o",
  "http://THERE/o",
  "http://THERE/o#other",
  "http://HERE/y",
  "HTTP://HERE:/y",
  "https://THERE/tls",
  "/\xc3\xbc?\xc3\xbc",
  "/\xff",
  "/%zz",
  "/a b",
  "\\b",
  "/a?b c'\"<>",
  "http:/c",
  "http:d",
  "data:text/plain,hi",
  "ftp://HERE/",
  "about:blank",
  "http://user:secret@HERE/",
  "http://127.0.0.1:6000/",
  "http://[::1/",
  "./../../z",
  "/%2e%2e/q",
  "/x\ty",
  " /padded ",
] as const;

const TYPES = [
  "text/plain",
  "text/plain;charset=gbk",
  'TEXT/HTML; Charset="utf-8" ',
  "application/json",
  "",
  "text/plain, application/json",
  "multipart/form-data; boundary=XX",
  'multipart/form-data; boundary="XX"',
  "application/x-www-form-urlencoded",
  "bad",
  "*/*",
  "text/plain;charset=gbk,text/html",
] as const;

const BODIES = [
  "",
  "hello",
  "\xef\xbb\xbf[1]",
  '{"a":"\xc3\xa9"}',
  "a=1&b=%20+&c",
  '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--XX--\r\n',
  '--XX\r\nContent-Disposition: form-data; name="f"; filename="n"\r\nContent-Type: x/y\r\n\r\nv\r\n--XX--',
  "\xff\xfe\0",
  "0123456789".repeat(1000),
] as const;

const FIELDS = [
  "Set-Cookie: a=1\r\nset-cookie: b=2\r\n",
  "X-A: 1\r\nx-a: 2\r\n",
  "X-Empty:\r\n",
  "X-Latin: \xe9\xff\r\n",
  "X-Padded: \t a  b \t\r\n",
  'ETag: W/"x"\r\nCache-Control: no-store\r\n',
  "Refresh: 0;url=/x\r\n",
  "Keep-Alive: timeout=5\r\nConnection: keep-alive\r\n",
  "Trailer: x\r\n",
  "Access-Control-Allow-Origin: *\r\n",
  "Content-Location: /elsewhere\r\n",
  "Clear-Site-Data: *\r\n",
] as const;

/** Heads before the head. */
const INTERIM = [
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 102 Processing\r\nX-Early: 1\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
] as const;

const REDIRECTS = [301, 302, 303, 307, 308] as const;
const STATUSES = [
  201, 203, 204, 205, 206, 226, 299, 300, 304, 305, 306, 400, 401, 404, 407, 421, 500, 599,
] as const;
/** Not 101, which the built-in fetch takes for an upgrade, and then waits for ever (undici 6.24). */
const ODD_STATUSES = [199, 600, 999, 0] as const;
const REASONS = ["OK", "", "Weird \xe9 Reason", "a  b ", " c"] as const;

export function drawAnswers(prng: Prng): Answer[] {
  const redirects = prng.oneIn(2) ? 0 : 1 + prng.below(3);
  const answers = Array.from({ length: redirects }, () => redirect(prng));
  // The last one answers for ever.
  if (redirects === 0 || !prng.oneIn(20)) answers.push(drawnAnswer(prng, finalStatus(prng), ""));
  return answers;
}

/** Redirects that can be followed, and as often as not the answer behind them. */
export function drawRedirects(prng: Prng): Answer[] {
  const answers = Array.from({ length: 1 + prng.below(3) }, (): Answer => {
    const location = prng.among("/next", "http://THERE/o#part", "http://HERE/y");
    const head = `HTTP/1.1 ${prng.among(...REDIRECTS)} Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
    return { head, body: "", ends: false };
  });
  // The last one answers for ever: without an end, until there were too many.
  const end = { head: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", body: "ok", ends: false };
  return prng.oneIn(8) ? answers : [...answers, end];
}

/** One whose body never ends. */
export function stallingAnswer(prng: Prng): Answer {
  const body = prng.among("", "some");
  const framing = prng.oneIn(2) ? "Content-Length: 5\r\n" : "Transfer-Encoding: chunked\r\n";
  const sent = framing.startsWith("Content") || body === "" ? body : `4\r\n${body}\r\n`;
  return { head: `HTTP/1.1 200 OK\r\n${framing}\r\n`, body: sent, ends: false };
}

function redirect(prng: Prng): Answer {
  const location = prng.oneIn(2)
    ? prng.among(...LOCATIONS)
    : prng.among("/next", "http://THERE/o", "http://HERE/y");
  const line = `Location: ${location}\r\n`;
  const count = prng.oneIn(15) ? prng.among(0, 2) : 1;
  const second = prng.oneIn(2) ? line : "Location: /second\r\n";
  return drawnAnswer(prng, prng.among(...REDIRECTS), count === 2 ? line + second : line.repeat(count));
}

function finalStatus(prng: Prng): number {
  if (prng.oneIn(25)) return prng.among(...ODD_STATUSES);
  return prng.oneIn(2) ? 200 : prng.among(...STATUSES);
}

function drawnAnswer(prng: Prng, status: number, lines: string): Answer {
  const content = prng.oneIn(3) ? "hello" : prng.among(...BODIES);
  const drawn = prng.oneIn(6) ? drawCoding(prng, content) : undefined;
  // undici 6 decodes the body of a redirect, and fails with it at times.
  const [coding, coded] = lines === "" && drawn !== undefined ? drawn : ["", content];
  const [framing, body, ends] = drawFraming(prng, status, coded);
  let fields = lines + coding;
  if (!prng.oneIn(3)) fields += `Content-Type: ${prng.among(...TYPES)}\r\n`;
  if (prng.oneIn(3)) fields += prng.among(...FIELDS);
  const code = String(status).padStart(3, "0");
  const reason = prng.oneIn(4) ? prng.among(...REASONS) : "OK";
  const interim = prng.oneIn(12) ? prng.among(...INTERIM) : "";
  return { head: `${interim}HTTP/1.1 ${code} ${reason}\r\n${fields}${framing}\r\n`, body, ends };
}

type Coder = (bytes: Uint8Array) => Uint8Array;

/** Codings by what `Content-Encoding` says, some of which are not what it says. */
const CODINGS: readonly (readonly [said: string, ...done: Coder[]])[] = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZip ", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  ["gzip, deflate", gzipSync, deflateSync],
  ["deflate, gzip", gzipSync, deflateSync],
  ["gzip, ", gzipSync],
  ["identity"],
  ["", gzipSync],
  ["unknown"],
  ["gzip, unknown", gzipSync],
  ["gzip"],
  ["br"],
  ["gzip", gzipSync, (bytes) => bytes.subarray(0, -12)],
  ["gzip", gzipSync, (bytes) => bytes.subarray(0, -4)],
];

function drawCoding(prng: Prng, content: string): readonly [fields: string, coded: string] {
  const [said, ...coders] = prng.pick(CODINGS) ?? ["identity"];
  const coded = coders.reduce<Uint8Array>((bytes, coder) => coder(bytes), Buffer.from(content, "latin1"));
  return [`Content-Encoding: ${said}\r\n`, Buffer.from(coded).toString("latin1")];
}

type Framed = readonly [fields: string, body: string, ends: boolean];

function drawFraming(prng: Prng, status: number, content: string): Framed {
  const length = `Content-Length: ${content.length}\r\n`;
  if (status < 200 || status === 204 || status === 304)
    return [status === 304 ? length : "", "", status < 200];
  // The built-in fetch sends the request again, and hangs if the connection is lost meanwhile (undici 6.24).
  if (status === 421) return [length, content, false];
  switch (prng.weighted({ length: 8, chunked: 4, close: 2, ending: 2, twice: 1, cut: 1, odd: 1 })) {
    case "length":
      return [length, content, false];
    case "chunked":
      return [
        "Transfer-Encoding: chunked\r\n",
        `${chunks(prng, content)}0\r\n${prng.among("", "X-T: 1\r\n")}\r\n`,
        false,
      ];
    case "close":
      return [`${length}Connection: close\r\n`, content, true];
    case "ending":
      return ["", content, true];
    case "twice":
      return [length + length, content, false];
    case "cut":
      return [`Content-Length: ${content.length + 5}\r\n`, content, true];
    case "odd":
      return [prng.among(...ODD_FRAMINGS), content, true];
  }
}

/** Lengths that are none, or that contradict the other framing. */
const ODD_FRAMINGS = [
  "Content-Length: x\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 1\r\nContent-Length: 2\r\n",
  "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
  "Transfer-Encoding: nonsense\r\n",
  "No colon\r\n",
  "X-Zero: a\0\r\n",
] as const;

function chunks(prng: Prng, content: string): string {
  const at = prng.below(content.length + 1);
  const extension = prng.among("", "", ";a=b");
  return [content.slice(0, at), content.slice(at)]
    .filter((piece) => piece !== "")
    .map((piece) => `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`)
    .join("");
}
