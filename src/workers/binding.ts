/** Binding: from the name or the value of a binding to the object of an origin, and what is wrong if there is none. */

import { HoldfastError } from "../contract/errors.ts";
import { show } from "../options/checks.ts";
import type { Explanation } from "../pool/explain.ts";
import type { PoolStats } from "../pool/stats.ts";
import type { RemoteOutcome } from "./wire-format.ts";

/** An object as its callers see it. */
export interface ObjectStub {
  /** Sends a request to it. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** The methods that a {@linkcode ObjectStub} of a `poolObject()` has by RPC. */
export interface PoolStub extends ObjectStub {
  stats(): Promise<PoolStats>;
  explain(origin: string): Promise<Explanation>;
  drain(origin?: string): Promise<void>;
  metrics(): Promise<string>;
  abort(id: string): Promise<void>;
  outcome(id: string): Promise<RemoteOutcome>;
}

/** The binding of a class of Durable Objects, as far as it is used. */
export interface ObjectNamespace {
  /** The id that belongs to a name. */
  idFromName(name: string): unknown;
  /** The object with that id. */
  get(id: never, options?: { readonly locationHint?: never }): unknown;
}

/** A binding that was found. */
export interface FoundBinding {
  /** For messages: `API_POOL`, or `the binding` where its name is not known. */
  readonly name: string;
  readonly namespace: ObjectNamespace;
}

/** Whether a value is the binding of a class of Durable Objects. */
export function isNamespace(value: unknown): value is ObjectNamespace {
  const { idFromName, get } = Object(value) as Partial<ObjectNamespace>;
  return typeof idFromName === "function" && typeof get === "function";
}

/** Finds a binding among those of a request. @throws {HoldfastError} with code `ERR_BINDING`. */
export function findBinding(binding: string | ObjectNamespace, env: unknown, origin: string): FoundBinding {
  if (typeof binding !== "string") return { name: "the binding", namespace: binding };
  const value = Object(env)[binding] as unknown;
  if (isNamespace(value)) return { name: binding, namespace: value };
  const found = value === undefined ? "there is none" : `it is ${show(value)}`;
  throw bindingError(
    origin,
    `${binding} is no binding of a Durable Object (${found}): add it to durable_objects.bindings in wrangler.jsonc`,
  );
}

/** The object behind the binding is not one of ours. */
export function wrongClassError(origin: string, name: string, cause?: unknown): HoldfastError {
  return bindingError(
    origin,
    `the class behind ${name} is no poolObject(): its class_name must be that of a class that extends one`,
    cause,
  );
}

function bindingError(origin: string, why: string, cause?: unknown): HoldfastError {
  const message = `Cannot send a request to ${origin}: ${why}`;
  return new HoldfastError({ code: "ERR_BINDING", phase: "queue", retriable: false, origin, cause, message });
}

/** What the platform tells of a stub that failed. */
interface PlatformFailure {
  readonly message?: string;
  readonly overloaded?: boolean;
}

/** Texts of the platform for a class that does not answer. */
const NO_HANDLER = ["does not export a fetch()", "no such method", "does not implement the method"];

/** The error of a request whose object failed before it answered. */
export function stubError(origin: string, name: string, cause: unknown): HoldfastError {
  const { message = String(cause), overloaded } = Object(cause) as PlatformFailure;
  if (NO_HANDLER.some((text) => message.includes(text))) return wrongClassError(origin, name, cause);
  if (overloaded === true) {
    const remedy = "give remotePool() more shards, each of which takes some 500 requests a second";
    const text = `The object of ${name} for ${origin} is overloaded (${message}): ${remedy}`;
    return new HoldfastError({ code: "ERR_OVERLOADED", phase: "queue", origin, cause, message: text });
  }
  const text =
    `The object of ${name} for ${origin} ended during the request (${message}): a deployment, an eviction or an exception ` +
    "ends it; send the request again if executing it twice does no harm";
  return new HoldfastError({
    code: "ERR_OBJECT_LOST",
    phase: "headers",
    sent: "partial",
    retriable: false,
    origin,
    cause,
    message: text,
  });
}
