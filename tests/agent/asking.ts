/** Asking: requests of `node:http` and `node:https` through an agent, and what they come to. */

import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { guarded } from "../support/patience.ts";

/** A response that was read. */
export interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/** Options of a request, and its body. */
export interface Asked extends RequestOptions {
  readonly body?: string | Uint8Array;
  /** Of https. */
  readonly ca?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly checkServerIdentity?: () => undefined;
}

/** Begins a request. */
export function begin(url: string, { body: _, ...options }: Asked): ClientRequest {
  return (url.startsWith("https:") ? https : http).request(url, options);
}

/** Sends a request, and reads the response once `node:http` is done with both. */
export function ask(url: string, options: Asked): Promise<Answer> {
  const request = begin(url, options);
  const answer = answerTo(request);
  if (options.body === undefined) request.end();
  else request.end(options.body);
  return answer;
}

/** The response to a request that is being sent. */
export function answerTo(request: ClientRequest): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      let text = "";
      response.setEncoding("latin1");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.once("error", reject);
      // The socket is free when the request is closed.
      request.once("close", () => {
        if (response.complete) resolve({ status: response.statusCode, text, request, response });
      });
    });
  });
  return guarded(answer, `an answer to ${request.method} ${request.path}`);
}

/** The error of a request, with its code. */
export async function failureOf(answer: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await answer;
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error("The request did not fail");
}
