/** The recording server's answers, as bytes. */

import type { Answer } from "./schedule.ts";

/** A response with these header fields and a body of two bytes. */
export function response(start: string, ...fields: readonly string[]): string {
  return [start, ...fields, "Content-Length: 2", "", "ok"].join("\r\n");
}

/** A response with exactly these fields and body. */
export function raw(start: string, fields: readonly string[], body = ""): string {
  return [start, ...fields, "", body].join("\r\n");
}

/** 200 over HTTP/1.1 with these header fields. */
export function ok(...fields: readonly string[]): Answer {
  return [response("HTTP/1.1 200 OK", ...fields)];
}

/** 200 over HTTP/1.0 with these header fields. */
export function ok10(...fields: readonly string[]): Answer {
  return [response("HTTP/1.0 200 OK", ...fields)];
}

/** The server reads the request and closes the connection without a response. */
export const dropped: Answer = ["fin"];

/** The server reads the request and resets the connection. */
export const reset: Answer = ["reset"];
