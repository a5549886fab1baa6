/** Dispatch types: what undici's clients pass to a dispatcher, in both generations of its handlers. */

import type { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";

/** What undici's clients ask for: the options of `dispatch()`. */
export interface DispatchOptions {
  /** `"https://api.example.com"`. */
  readonly origin?: string | URL;
  /** Path and query, sent as they are. */
  readonly path: string;
  /** The method, sent as it is. */
  readonly method: string;
  /** String, bytes, Node's stream, web stream, iterable, `FormData`, `Blob`, `URLSearchParams`. @default none */
  readonly body?: unknown;
  /** Names and values in turn, pairs, or an object. @default none */
  readonly headers?: unknown;
  /** Appended to the path. @default none */
  readonly query?: Readonly<Record<string, unknown>> | null;
  /** Whether executing the request twice does no harm. @default by the method, or an `Idempotency-Key` */
  readonly idempotent?: boolean | null;
  /** Says that the answer may be late. It needs nothing: no request waits behind another on its connection. */
  readonly blocking?: boolean | null;
  /** The protocol to switch to. @default none */
  readonly upgrade?: boolean | string | null;
  /** In ms, 0: off. @default the pool's `headersTimeout` */
  readonly headersTimeout?: number | null;
  /** In ms, 0: off. @default the pool's `bodyIdleTimeout` */
  readonly bodyTimeout?: number | null;
  /** Whether the connection ends with the response. @default false */
  readonly reset?: boolean | null;
  /** `false`: over HTTP/1.1, whatever the pool's `http2` says. @default the pool's `http2` */
  readonly allowH2?: boolean | null;
  /** Whether the body waits for `100 Continue`. @default false */
  readonly expectContinue?: boolean | null;
}

/** What a handler of undici 7 and 8 gets with each call. */
export interface DispatchController {
  /** Whether the request was aborted. */
  readonly aborted: boolean;
  /** What it was aborted with. */
  readonly reason: unknown;
  /** Whether the response is held back. */
  readonly paused: boolean;
  /** Names and values of the response in turn. */
  rawHeaders: unknown;
  /** Names and values of the trailers in turn. */
  rawTrailers: unknown;
  /** Holds the response back, and the server with it. */
  pause(): void;
  /** Goes on. */
  resume(): void;
  /** Ends the request. */
  abort(reason?: unknown): void;
}

/** Fields of a response as an object; a name that occurs several times has an array. */
export type DispatchHeaders = Record<string, string | string[]>;

/** A handler of undici 7 and 8. */
export interface CurrentHandler {
  /** The request begins. It can be aborted from now on. */
  onRequestStart(controller: DispatchController, context: unknown): void;
  /** The peer speaks another protocol, or the tunnel is open. */
  onRequestUpgrade?(
    controller: DispatchController,
    statusCode: number,
    headers: DispatchHeaders,
    socket: Duplex,
  ): unknown;
  /** The first byte of a response came. */
  onResponseStarted?(): void;
  /** The head of a response, of interim ones too. */
  onResponseStart?(
    controller: DispatchController,
    statusCode: number,
    headers: DispatchHeaders,
    statusMessage?: string,
  ): void;
  /** A piece of the body. */
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  /** The response is complete. */
  onResponseEnd?(controller: DispatchController, trailers: DispatchHeaders): void;
  /** The request failed. The controller is `null` if it did not begin. */
  onResponseError?(controller: DispatchController | null, error: Error): void;
  /** Not called: the pool may send a body twice. */
  onBodySent?(chunk: Uint8Array): void;
  /** The request was sent. Told together with the first byte of the response. */
  onRequestSent?(): void;
}

/** A handler of undici 6, and of the `fetch` in Node 20 to 24. */
export interface LegacyHandler {
  /** The request begins. It can be aborted from now on. */
  onConnect?(abort: (reason?: Error) => void, context: unknown): void;
  /** The peer speaks another protocol, or the tunnel is open. */
  onUpgrade?(statusCode: number, headers: Buffer[] | null, socket: Duplex): void;
  /** The first byte of a response came. */
  onResponseStarted?(): void;
  /** The head of a response, of interim ones too. `false` holds the body back. */
  onHeaders?(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): unknown;
  /** A piece of the body. `false` holds the rest back. */
  onData?(chunk: Buffer): unknown;
  /** The response is complete. */
  onComplete?(trailers: Buffer[] | null): void;
  /** The request failed. */
  onError?(error: Error): void;
  /** Not called: the pool may send a body twice. */
  onBodySent?(chunk: Uint8Array): void;
  /** The request was sent. Told together with the first byte of the response. */
  onRequestSent?(): void;
}

/** What is told of a request and its response. */
export type DispatchHandler = CurrentHandler | LegacyHandler;
