/** Cases of persistence: whether a connection is reused after a response. Each has two requests, a moment apart. */

import { ok, ok10, raw, response } from "../answers.ts";
import { type Answer, type Case, get, type Method, request, wait } from "../schedule.ts";

/** Time until surplus bytes have arrived and the client has handled the first response. */
const MOMENT_MS = 350;

const STRAY_MS = 100;

const chunked = "2\r\nok\r\n0\r\n\r\n";

const answers: readonly (readonly [name: string, answer: Answer])[] = [
  ["1.1 without Connection", ok()],
  ["1.1 with keep-alive", ok("Connection: keep-alive")],
  ["1.1 with Keep-Alive in other letters", ok("Connection: Keep-Alive")],
  ["1.1 with close", ok("Connection: close")],
  ["1.1 with CLOSE in other letters", ok("Connection: CLOSE")],
  ["1.1 with keep-alive, close", ok("Connection: keep-alive, close")],
  ["1.1 with close, keep-alive", ok("Connection: close, keep-alive")],
  ["1.1 with close, TE", ok("Connection: close, TE")],
  ["1.1 with TE, close", ok("Connection: TE, close")],
  ["1.1 with not-closed", ok("Connection: not-closed")],
  ["1.1 with an unknown option", ok("Connection: foo")],
  ["1.1 with keep-alive and an unknown option", ok("Connection: keep-alive, foo")],
  ["1.1 with lines close, then keep-alive", ok("Connection: close", "Connection: keep-alive")],
  ["1.1 with lines keep-alive, then close", ok("Connection: keep-alive", "Connection: close")],
  ["1.1 with Proxy-Connection: close", ok("Proxy-Connection: close")],
  [
    "1.1 with keep-alive and Proxy-Connection: close",
    ok("Connection: keep-alive", "Proxy-Connection: close"),
  ],
  ["404 with close", [response("HTTP/1.1 404 Not Found", "Connection: close")]],
  ["500 without Connection", [response("HTTP/1.1 500 Oops")]],
  ["1.0 without Connection", ok10()],
  ["1.0 with keep-alive", ok10("Connection: keep-alive")],
  ["1.0 with keep-alive, close", ok10("Connection: keep-alive, close")],
  ["1.0 with lines close, then keep-alive", ok10("Connection: close", "Connection: keep-alive")],
  ["1.0 with Proxy-Connection: keep-alive", ok10("Proxy-Connection: keep-alive")],
  ["1.0 with keep-alive and hints", ok10("Connection: keep-alive", "Keep-Alive: timeout=5, max=1000")],
  [
    "1.0 with keep-alive, chunked",
    [raw("HTTP/1.0 200 OK", ["Connection: keep-alive", "Transfer-Encoding: chunked"], chunked)],
  ],
  ["1.1 chunked", [raw("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked"], chunked)]],
  [
    "1.1 chunked with a length",
    [raw("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked", "Content-Length: 2"], chunked)],
  ],
  ["two equal Content-Length lines", [response("HTTP/1.1 200 OK", "Content-Length: 2")]],
  ["two Content-Length lines that differ", [response("HTTP/1.1 200 OK", "Content-Length: 3")]],
  ["a length that is no number", [raw("HTTP/1.1 200 OK", ["Content-Length: abc"], "ok")]],
  ["a body that ends with the connection", [raw("HTTP/1.1 200 OK", [], "ok"), { pause: STRAY_MS }, "fin"]],
  ["204", [raw("HTTP/1.1 204 No Content", [])]],
  ["205 with a length of 0", [raw("HTTP/1.1 205 Reset Content", ["Content-Length: 0"])]],
  ["304", [raw("HTTP/1.1 304 Not Modified", [])]],
  ["103, then 200", [raw("HTTP/1.1 103 Early Hints", ["Link: </x>"]), ...ok()]],
  ["junk behind the body", [`${response("HTTP/1.1 200 OK")}junk`]],
  ["CR LF behind the body", [`${response("HTTP/1.1 200 OK")}\r\n`]],
  ["a byte a moment after the body", [...ok(), { pause: STRAY_MS }, "x"]],
  ["a response nobody asked for", [...ok(), { pause: STRAY_MS }, response("HTTP/1.1 200 OK")]],
  ["a 408 nobody asked for", [...ok(), { pause: STRAY_MS }, response("HTTP/1.1 408 Request Timeout")]],
  ["closed a moment after the body", [...ok(), { pause: STRAY_MS }, "fin"]],
  ["reset a moment after the body", [...ok(), { pause: STRAY_MS }, "reset"]],
];

const pairs = answers.map(
  ([name, answer]): Case => ({
    name: `persistence: ${name}`,
    steps: [get(answer), wait(MOMENT_MS), get(ok())],
  }),
);

const heads: readonly (readonly [name: string, answer: Answer])[] = [
  ["with a length", [raw("HTTP/1.1 200 OK", ["Content-Length: 2"])]],
  ["without a length", [raw("HTTP/1.1 200 OK", [])]],
  ["with keep-alive and a length", [raw("HTTP/1.1 200 OK", ["Connection: keep-alive", "Content-Length: 2"])]],
];

const afterHead = heads.map(
  ([name, answer]): Case => ({
    name: `persistence: HEAD, answered ${name}`,
    steps: [request("HEAD", answer), wait(MOMENT_MS), get(ok())],
  }),
);

const afterOthers = (["POST", "PUT", "DELETE"] as const).map(
  (method: Method): Case => ({
    name: `persistence: ${method}, then GET`,
    steps: [request(method, ok()), wait(MOMENT_MS), get(ok())],
  }),
);

export const persistence: Case[] = [...pairs, ...afterHead, ...afterOthers];
