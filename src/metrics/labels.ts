/**
 * Labels: the attributes of measurements, by semantic convention. They are few and asked for with every request, so
 * each set is made once and kept; what a peer or a caller can invent (methods, error names) is folded, or it would
 * grow the number of series without bound.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { RequestFailed, RequestFinished } from "../contract/events.ts";
import { originOf } from "../contract/origin.ts";
import type { Attributes } from "./meter.ts";

/** Methods the convention knows (RFC 9110 and PATCH, and QUERY, which it added); any other is `_OTHER`. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

/** Origins that are remembered; beyond it all are forgotten, and made again as they are asked for. */
const MAX_ORIGINS = 1000;

/** The attributes of one origin. */
export class OriginLabels {
  /** `server.address` and `server.port`. */
  readonly server: Attributes;
  readonly active: Attributes;
  readonly idle: Attributes;
  readonly #byMethod: Map<string, Attributes> = new Map();
  readonly #byOutcome: Map<string, Attributes> = new Map();

  constructor(origin: string) {
    this.server = serverOf(origin);
    this.active = { ...this.server, "http.connection.state": "active" };
    this.idle = { ...this.server, "http.connection.state": "idle" };
  }

  /** With the method that was asked for. */
  request(method: string): Attributes {
    const name = KNOWN_METHODS.has(method) ? method : "_OTHER";
    return kept(this.#byMethod, name, () => ({ ...this.server, "http.request.method": name }));
  }

  /** Of a request that was answered. A status of 400 and above is an error to a client, by the convention. */
  finished({ method, status, httpVersion }: RequestFinished): Attributes {
    return kept(this.#byOutcome, `${method} ${status} ${httpVersion}`, () => ({
      ...this.request(method),
      "http.response.status_code": status,
      "network.protocol.version": httpVersion,
      ...(status < 400 ? undefined : { "error.type": String(status) }),
    }));
  }

  /** Of a request that was not. */
  failed({ method, error }: RequestFailed): Attributes {
    const type = errorType(error);
    return kept(this.#byOutcome, `${method} ${type}`, () => ({
      ...this.request(method),
      "error.type": type,
    }));
  }

  /** With one more attribute, of few values. */
  because(name: string, reason: string): Attributes {
    return kept(this.#byOutcome, `${name} ${reason}`, () => ({ ...this.server, [name]: reason }));
  }
}

/** The attributes of all origins. */
export class Labels {
  readonly #origins: Map<string, OriginLabels> = new Map();

  of(origin: string): OriginLabels {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    const made = new OriginLabels(origin);
    this.#origins.set(origin, made);
    return made;
  }
}

/** Sets of one origin that are kept: above what real methods, statuses and errors come to. */
const MAX_SETS = 500;

function kept(sets: Map<string, Attributes>, key: string, make: () => Attributes): Attributes {
  const known = sets.get(key);
  if (known !== undefined) return known;
  if (sets.size >= MAX_SETS) sets.clear();
  const made = make();
  sets.set(key, made);
  return made;
}

/** Connections that origins share, through a proxy, are listed under a key of their own: `proxy+http://…`. */
const SHARED = /^[a-z]+\+(?=https?:)/;

function serverOf(origin: string): Attributes {
  try {
    const { hostname, port } = originOf(origin.replace(SHARED, ""));
    return { "server.address": hostname, "server.port": port };
  } catch {
    return { "server.address": origin };
  }
}

/** Names that runtimes give to errors of an aborted request; a caller's own are not told apart. */
const ABORTS: ReadonlySet<string> = new Set(["AbortError", "TimeoutError"]);

function errorType(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return error instanceof Error && ABORTS.has(error.name) ? error.name : "_OTHER";
}
