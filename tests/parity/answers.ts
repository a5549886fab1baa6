/** Answers: what the recording server sends, as bytes. */

import type { Answer } from "./schedule.ts";

/** A response with a body of two bytes and these header fields, as they stand. */
export function response(start: string, ...fields: readonly string[]): string {
  return [start, ...fields, "Content-Length: 2", "", "ok"].join("\r\n");
}

/** A response whose fields are all given. */
export function raw(start: string, fields: readonly string[], body = ""): string {
  return [start, ...fields, "", body].join("\r\n");
}

/** 200 by HTTP/1.1 with these header fields. */
export function ok(...fields: readonly string[]): Answer {
  return [response("HTTP/1.1 200 OK", ...fields)];
}

/** 200 by HTTP/1.0. */
export function ok10(...fields: readonly string[]): Answer {
  return [response("HTTP/1.0 200 OK", ...fields)];
}

/** The request is read, and the connection closed without a word. */
export const dropped: Answer = ["fin"];
export const reset: Answer = ["reset"];
