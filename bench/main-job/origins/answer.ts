/**
 * Answer: what every origin responds, and what the check expects: the request's id, and a body of the requested
 * length.
 */

import type { ReadRequest } from "./request-reader.ts";

/** All ids have this length, so that nginx can fill its responses up without arithmetic. */
export const ID_LENGTH = 12;

/** The id of a request. Its first letter names the client. */
export function requestId(client: string, origin: number, sequence: number): string {
  return `${client[0]}${String(origin).padStart(2, "0")}-${String(sequence).padStart(ID_LENGTH - 4, "0")}`;
}

/**
 * The body length requested by a path like `/bytes/1024`. The body starts with the id, so it is never shorter than
 * that.
 */
export function bytesAsked(path: string): number {
  return Number(/^\/bytes\/(\d{1,7})$/.exec(path)?.[1] ?? 0);
}

/** The body for a request: its id, filled up. */
export function bodyText(id: string, path: string): string {
  return id.padEnd(bytesAsked(path), ".");
}

/** Headers that every origin sends: the request's id, and how much of the request's body arrived. */
export function answerHeaders(id: string, received: number): [string, string][] {
  return [
    ["Content-Type", "text/plain"],
    ["X-Request-Id", id],
    ["X-Received", String(received)],
  ];
}

export interface AnswerHead {
  readonly version: string;
  readonly request: ReadRequest;
  readonly headers: readonly string[];
  readonly length: number | undefined;
}

/** The head of a 200 response. */
export function answerHead({ version, request, headers, length }: AnswerHead): string {
  const own = answerHeaders(request.headers.get("x-request-id") ?? "", request.bodyLength);
  const lines = [
    `HTTP/${version} 200 OK`,
    ...own.map(([name, value]) => `${name}: ${value}`),
    ...(length === undefined ? [] : [`Content-Length: ${length}`]),
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
