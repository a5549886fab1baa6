/** `remotePool()`: the pool of Durable Objects as a Worker sees it. */

import { env as workerEnv } from "cloudflare:workers";
import { systemClock } from "../contract/clock.ts";
import { HoldfastError } from "../contract/errors.ts";
import { originOf } from "../contract/origin.ts";
import { headerPairs } from "../fetch/arguments.ts";
import { failedFetch } from "../fetch/fetch-errors.ts";
import type { FetchFunction } from "../fetch/fetch-function.ts";
import {
  bareGet,
  type DefaultHeaders,
  type FetchInit,
  type FetchInput,
  type FetchRequest,
  fetchRequest,
} from "../fetch/fetch-request.ts";
import { IgnoredMembers } from "../fetch/init-members.ts";
import type { BodySource } from "../fetch/prepare-body.ts";
import { isRedirect, redirectError, redirectedRequest, soleLocation } from "../fetch/redirect.ts";
import type { RemotePool, RemoteRequestOptions, RemoteResponse } from "../fetch/remote-types.ts";
import { UrlReader } from "../fetch/request-url.ts";
import { checkMethod, requestFields } from "../http1/send/request-head.ts";
import { filled, objectWith, refuseUnknown, show, wholeNumber } from "../options/checks.ts";
import {
  type FoundBinding,
  findBinding,
  isNamespace,
  type ObjectNamespace,
  type PoolStub,
} from "./binding.ts";
import { type CrossingBody, crossingBody, NO_BODY } from "./remote-body.ts";
import { remoteExchange } from "./remote-exchange.ts";
import type { RemoteReply } from "./remote-reply.ts";
import { ObjectResponse, responseOf } from "./remote-response.ts";
import { type Pairs, plainOptions } from "./wire-format.ts";

/** Options of {@linkcode remotePool}. */
export interface RemotePoolOptions {
  /**
   * How many objects each origin has. One takes some 500 requests a second. Limits such as `maxConnectionsPerOrigin` hold in each
   * of them. @default 1
   */
  readonly shards?: number;
  /** Where new objects are placed, as the platform names it: `"weur"`, `"enam"` … @default near the first caller */
  readonly locationHint?: string | undefined;
}

/** Deadlines and the like are checked by the object's pool. */
const READING = {
  urls: new UrlReader(),
  clock: systemClock,
  usual: {
    acquireTimeoutMs: Infinity,
    headersTimeoutMs: Infinity,
    bodyIdleTimeoutMs: Infinity,
    requestTimeoutMs: Infinity,
    http2: "alpn" as const,
  },
  ignored: new IgnoredMembers(() => {}),
};

/**
 * A pool that lives in the Durable Objects of a binding, one for each origin (or `shards` of them). It opens nothing by itself and
 * may be made at module scope.
 *
 * @param binding The name of the binding, which is found when a request is made, or the binding itself.
 * @throws {TypeError | RangeError} for an unknown or wrong option.
 *
 * @example
 * ```ts
 * const pool = remotePool("API_POOL");
 * const response = await pool.fetch("https://api.example.com/items");
 * ```
 */
export function remotePool(binding: string | ObjectNamespace, options: RemotePoolOptions = {}): RemotePool {
  if (typeof binding === "string") filled(binding, "binding");
  else if (!isNamespace(binding))
    throw new TypeError(
      `binding must be the name of a binding, or the binding of a Durable Object: current value is ${show(binding)}`,
    );
  objectWith(options, "options", []);
  refuseUnknown(options, { shards: 0, locationHint: 0 }, "option of remotePool");
  const { shards = 1, locationHint } = options;
  wholeNumber(shards, "shards", 1);
  if (locationHint !== undefined) filled(locationHint, "locationHint");
  return new ObjectPool(new Objects(binding, { shards, locationHint }, undefined));
}

/** The object adds its defaults. */
const BARE = { headers: [], fields: requestFields([]) };
const NO_FIELDS: DefaultHeaders = { http: BARE, https: BARE };

/** Of all pools of a Worker: which shard takes the next. */
let requests = 0;

/** Ids of objects by their names, for each binding: making one takes a hash. A Worker that reaches the limit visits ever new origins. */
const ids: WeakMap<ObjectNamespace, Map<string, never>> = new WeakMap();
const MAX_IDS = 1000;

function idOf(namespace: ObjectNamespace, name: string): never {
  const known = ids.get(namespace) ?? new Map<string, never>();
  ids.set(namespace, known);
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size >= MAX_IDS) known.clear();
  const id = namespace.idFromName(name) as never;
  known.set(name, id);
  return id;
}

/** The objects of one binding. */
class Objects {
  readonly #binding: string | ObjectNamespace;
  readonly #options: { readonly shards: number; readonly locationHint: string | undefined };
  /** The bindings of one request; `undefined` for those of the Worker that runs. */
  readonly #env: unknown;

  constructor(binding: string | ObjectNamespace, options: Objects["options"], env: unknown) {
    this.#binding = binding;
    this.#options = options;
    this.#env = env;
  }

  get options(): { readonly shards: number; readonly locationHint: string | undefined } {
    return this.#options;
  }

  with(env: unknown): Objects {
    return new Objects(this.#binding, this.#options, env);
  }

  /** The object that takes the next request to an origin. A stub belongs to the request that it was made in. */
  next(origin: string): { readonly stub: PoolStub; readonly found: FoundBinding } {
    const { shards } = this.#options;
    requests += 1;
    return this.#at(origin, shards === 1 ? 0 : requests % shards);
  }

  /** All objects of an origin. */
  all(origin: string): PoolStub[] {
    return Array.from({ length: this.#options.shards }, (_, shard) => this.#at(origin, shard).stub);
  }

  #at(origin: string, shard: number): { readonly stub: PoolStub; readonly found: FoundBinding } {
    const found = findBinding(this.#binding, this.#env ?? workerEnv, origin);
    const { namespace } = found;
    const id = idOf(namespace, shard === 0 ? origin : `${origin}#${shard}`);
    const { locationHint } = this.#options;
    const hint = locationHint === undefined ? undefined : { locationHint: locationHint as never };
    return { stub: namespace.get(id, hint) as PoolStub, found };
  }
}

class ObjectPool implements RemotePool {
  readonly fetch: FetchFunction;
  readonly #objects: Objects;

  constructor(objects: Objects) {
    this.#objects = objects;
    const fetch = async (input: FetchInput, init: FetchInit | undefined = undefined): Promise<Response> => {
      try {
        return await remoteFetch(objects, input, init);
      } catch (error) {
        throw error instanceof HoldfastError ? failedFetch(error) : error;
      }
    };
    // An object opens a connection for a request only: a warm one would be billed.
    this.fetch = Object.assign(fetch, { preconnect: () => {} }) as FetchFunction;
  }

  readonly request = async (
    url: string | URL,
    options: RemoteRequestOptions = {},
  ): Promise<RemoteResponse> => {
    const { method = "GET", headers = [], body, signal, ...rest } = options;
    if ("trailers" in rest) throw new TypeError("trailers cannot be sent through an object");
    checkMethod(method);
    const pairs = [...headerPairs(headers)];
    requestFields(pairs);
    const { href, origin } = READING.urls.read(url);
    const source = typeof body === "function" ? body() : body;
    const crossing = await crossingOf(source, pairs);
    const { stub, found } = this.#objects.next(origin.key);
    const reply = await remoteExchange(stub, found, {
      by: "request",
      url: href,
      origin: origin.key,
      method,
      headers: toldFields(pairs, crossing),
      body: crossing.body,
      length: crossing.length,
      signal: signal ?? undefined,
      options: Object.keys(rest).length === 0 ? undefined : plainOptions(rest),
    });
    return new ObjectResponse(reply);
  };

  stats(origin: string | URL): ReturnType<RemotePool["stats"]> {
    return this.#ask(origin, (stub) => stub.stats());
  }

  explain(origin: string | URL): ReturnType<RemotePool["explain"]> {
    return this.#ask(origin, (stub, key) => stub.explain(key));
  }

  metrics(origin: string | URL): Promise<string[]> {
    return this.#ask(origin, (stub) => stub.metrics());
  }

  async drain(origin: string | URL): Promise<void> {
    await this.#ask(origin, (stub, key) => stub.drain(key));
  }

  forEnv(env: unknown): RemotePool {
    return new ObjectPool(this.#objects.with(env));
  }

  async #ask<T>(origin: string | URL, ask: (stub: PoolStub, key: string) => Promise<T>): Promise<T[]> {
    const { key } = originOf(origin);
    return Promise.all(this.#objects.all(key).map((stub) => ask(stub, key)));
  }
}

async function crossingOf(source: BodySource | null | undefined, pairs: Pairs): Promise<CrossingBody> {
  return source === null || source === undefined ? NO_BODY : crossingBody(source, pairs);
}

/** The fields with the type of the body, unless the caller gave one; `undefined` for none. */
function toldFields(headers: Pairs, { contentType }: CrossingBody): Pairs | undefined {
  if (contentType === undefined || headers.some(([name]) => name.toLowerCase() === "content-type"))
    return headers.length === 0 ? undefined : headers;
  return [...headers, ["content-type", contentType]];
}

/** `fetch`, which follows redirects: each goes to the object of its own origin. */
async function remoteFetch(
  objects: Objects,
  input: FetchInput,
  init: FetchInit | undefined,
): Promise<Response> {
  let [asked, crossing] =
    init === undefined && typeof input === "string"
      ? [bareGet(READING.urls.read(input), NO_FIELDS), NO_BODY]
      : await readArguments(input, init ?? {});
  for (let redirects = 0; ; redirects++) {
    const reply = await hop(objects, asked, crossing);
    const next = following(asked, reply, redirects + 1);
    if (next === undefined) return responseOf(reply, asked.url.href, redirects > 0);
    reply.response.body?.cancel().catch(() => {});
    if (next.method !== asked.method) crossing = NO_BODY;
    else if (!crossing.again) throw redirectError(asked, "its body was a stream");
    asked = next;
  }
}

/** The request, and its body apart from it. */
async function readArguments(
  input: FetchInput,
  init: FetchInit,
): Promise<[asked: FetchRequest, crossing: CrossingBody]> {
  const { body: given, integrity = "", duplex, ...bare } = init;
  if (integrity !== "") throw new TypeError("integrity is not checked through an object: leave it out");
  const request = typeof input === "object" && "url" in input ? input : undefined;
  const source = given === undefined ? request?.body : given;
  const withoutBody =
    request === undefined
      ? input
      : {
          url: request.url,
          method: request.method,
          headers: request.headers,
          signal: request.signal,
          redirect: request.redirect,
        };
  const asked = fetchRequest(withoutBody, withoutLength(bare, request), undefined, READING);
  refuseBody(asked.method, source, duplex, given);
  return [asked, await crossingOf(source, asked.headers)];
}

/** The length is the object's to write: it would be refused here, where the request is read without its body. */
function withoutLength(
  init: FetchInit,
  request: { readonly headers?: FetchInit["headers"] } | undefined,
): FetchInit {
  const headers = init.headers ?? request?.headers;
  if (headers === undefined) return init;
  const kept = [...headerPairs(headers)].filter(([name]) => String(name).toLowerCase() !== "content-length");
  return { ...init, headers: kept };
}

function refuseBody(method: string, source: unknown, duplex: unknown, given: unknown): void {
  if (source === null || source === undefined) return;
  if (method === "GET" || method === "HEAD") throw new TypeError(`A ${method} request must not have a body`);
  if (given instanceof ReadableStream && duplex !== "half")
    throw new TypeError('fetch needs duplex: "half" to send a stream');
}

function hop(objects: Objects, asked: FetchRequest, crossing: CrossingBody): Promise<RemoteReply> {
  const { url, method, signal } = asked;
  const { stub, found } = objects.next(url.origin.key);
  const [href = ""] = url.href.split("#", 1);
  return remoteExchange(stub, found, {
    by: "fetch",
    url: href,
    origin: url.origin.key,
    method,
    headers: toldFields(asked.headers, crossing),
    body: crossing.body,
    length: crossing.length,
    signal,
    ...(asked.call === undefined ? undefined : { options: plainOptions(asked.call) }),
  });
}

/** The request that follows, or `undefined` where the answer is the response. */
function following(
  asked: FetchRequest,
  { head, status }: RemoteReply,
  count: number,
): FetchRequest | undefined {
  if (!isRedirect(status) || asked.redirect === "manual") return undefined;
  const { headers = [] } = head;
  const locations = headers.flatMap(([name, value]) => (name === "location" ? [value] : []));
  if (locations.length === 0) return undefined;
  if (asked.redirect === "error") throw redirectError(asked, 'redirect is "error"');
  return redirectedRequest(asked, status, soleLocation(asked, locations), count);
}
