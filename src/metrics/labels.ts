/**
 * Labels: the attributes of measurements, by the semantic conventions. Each set of attributes is made once and
 * remembered, because every request needs one. Values that a peer or a caller can invent (methods, names of errors) are
 * replaced by `_OTHER`: otherwise the number of series would have no bound.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { RequestFailed, RequestFinished } from "../contract/events.ts";
import { originOf } from "../contract/origin.ts";
import type { WireProtocol } from "../contract/wire-protocol.ts";
import type { Attributes } from "./meter.ts";

/** Methods that the conventions list: those of RFC 9110, PATCH and QUERY. */
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

/** Origins whose attributes are remembered. When there are more, all are forgotten and made again as needed. */
const MAX_ORIGINS = 1000;

/** The attributes of one origin. */
export class OriginLabels {
  /** `server.address` and `server.port`. */
  readonly server: Attributes;
  readonly #byMethod: Map<string, Attributes> = new Map();
  readonly #byResult: Map<string, Attributes> = new Map();

  constructor(origin: string) {
    this.server = serverOf(origin);
  }

  /** Of connections in a state that speak `protocol`. */
  connections(state: "active" | "idle", protocol: WireProtocol | undefined): Attributes {
    return remembered(this.#byResult, `${state} ${protocol}`, () => ({
      ...this.server,
      "http.connection.state": state,
      ...this.spoken(protocol),
    }));
  }

  /** Of a connection that speaks `protocol`. */
  spoken(protocol: WireProtocol | undefined): Attributes {
    if (protocol === undefined) return this.server;
    const version = protocol === "h2" ? "2" : "1.1";
    return remembered(this.#byResult, protocol, () => ({
      ...this.server,
      "network.protocol.version": version,
    }));
  }

  /** With the method of a request. */
  request(method: string): Attributes {
    const name = methodLabel(method);
    return remembered(this.#byMethod, name, () => ({ ...this.server, "http.request.method": name }));
  }

  /**
   * Of a request that got a response. By the conventions, a status of 400 and above is an error to a client. One below
   * 100 is invalid and counts as one of 5xx (RFC 9110 §15).
   */
  finished({ method, status, httpVersion }: RequestFinished): Attributes {
    return remembered(this.#byResult, `${method} ${status} ${httpVersion}`, () => ({
      ...this.request(method),
      "http.response.status_code": status,
      "network.protocol.version": httpVersion,
      ...(status >= 100 && status < 400 ? undefined : { "error.type": String(status) }),
    }));
  }

  /** Of a request that failed. */
  failed({ method, error }: RequestFailed): Attributes {
    const type = errorLabel(error);
    return remembered(this.#byResult, `${method} ${type}`, () => ({
      ...this.request(method),
      "error.type": type,
    }));
  }

  /** With a reason, which is one of few values. */
  withReason(name: string, reason: string): Attributes {
    return remembered(this.#byResult, `${name} ${reason}`, () => ({ ...this.server, [name]: reason }));
  }
}

/** The attributes of all origins. */
export class Labels {
  readonly #origins: Map<string, OriginLabels> = new Map();

  of(origin: string): OriginLabels {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    const labels = new OriginLabels(origin);
    this.#origins.set(origin, labels);
    return labels;
  }
}

/** Sets of attributes remembered per origin. Real methods, statuses and errors need fewer. */
const MAX_SETS = 500;

function remembered(sets: Map<string, Attributes>, key: string, make: () => Attributes): Attributes {
  const known = sets.get(key);
  if (known !== undefined) return known;
  if (sets.size >= MAX_SETS) sets.clear();
  const attributes = make();
  sets.set(key, attributes);
  return attributes;
}

/** Connections that origins share through a proxy, and other variants, have a key of their own: `proxy+http://…`, `tls1+https://…`. */
const SHARED = /^(?:[a-z]+\d*\+)+(?=https?:)/;

function serverOf(origin: string): Attributes {
  try {
    const { hostname, port } = originOf(origin.replace(SHARED, ""));
    return { "server.address": hostname, "server.port": port };
  } catch {
    return { "server.address": origin };
  }
}

/** The method, if the conventions list it. */
export function methodLabel(method: string): string {
  return KNOWN_METHODS.has(method) ? method : "_OTHER";
}

/** Names of the errors with which runtimes abort signals. A caller's own reasons count as `_OTHER`. */
const ABORTS: ReadonlySet<string> = new Set(["AbortError", "TimeoutError"]);

/** The type of an error, which is one of few. */
export function errorLabel(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return error instanceof Error && ABORTS.has(error.name) ? error.name : "_OTHER";
}
