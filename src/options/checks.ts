/** Checks of single values. Each one returns the value, or throws an error that names the option and shows the value. */

import { type Duration, toMs } from "../contract/duration.ts";
import { excerpt } from "../contract/excerpt.ts";
import { nearest } from "../contract/nearest.ts";
import { nameHere } from "./foreign-names.ts";

/** A whole number of at least `least`, or `Infinity`. */
export function wholeNumber(value: unknown, option: string, least: number): number {
  if (typeof value !== "number")
    throw new TypeError(`${option} must be a number: current value is ${show(value)}`);
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(
    `${option} must be a whole number from ${least}, or Infinity: current value is ${value}`,
  );
}

/** A deadline in ms. @throws {RangeError} unless it is above 0. `Infinity` means "off". */
export function deadlineMs(value: Duration, option: string): number {
  const ms = toMs(value, option);
  if (ms > 0) return ms;
  throw new RangeError(`${option} must be above 0, or Infinity for none: current value is ${show(value)}`);
}

/** A number from 0 to 1. */
export function share(value: unknown, option: string): number {
  if (typeof value !== "number")
    throw new TypeError(`${option} must be a number: current value is ${show(value)}`);
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`${option} must be from 0 to 1: current value is ${value}`);
}

/** `true` or `false`. */
export function flag(value: unknown, option: string): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${option} must be true or false: current value is ${show(value)}`);
}

/** One of a few words. */
export function oneOf<T extends string>(value: unknown, option: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw new TypeError(
    `${option} must be ${allowed.map((name) => `"${name}"`).join(" or ")}: current value is ${show(value)}`,
  );
}

/** A function. */
export function callable<T>(value: T, option: string): T {
  if (typeof value === "function") return value;
  throw new TypeError(`${option} must be a function: current value is ${show(value)}`);
}

/** An object that has these methods. */
export function objectWith<T>(value: T, option: string, methods: readonly (keyof T & string)[]): T {
  const isObject = typeof value === "object" && value !== null;
  if (isObject && methods.every((name) => typeof value[name] === "function")) return value;
  const needs = methods.length === 0 ? "" : ` with the methods ${methods.join(", ")}`;
  throw new TypeError(`${option} must be an object${needs}: current value is ${show(value)}`);
}

/** Strings, or `undefined`. They may be secrets, so the error does not show the value. */
export function texts(values: readonly unknown[], option: string): void {
  for (const value of values) {
    if (value === undefined || typeof value === "string") continue;
    throw new TypeError(`${option} must be a string: current value is of type ${typeof value}`);
  }
}

/** A string that is not empty and has no NUL. */
export function filled(value: unknown, option: string): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new TypeError(`${option} must be a string that is not empty: current value is ${show(value)}`);
}

/** The longest path of a Unix socket on Linux: `sun_path` has 108 bytes, the last one NUL (unix(7)). macOS has four fewer. */
const MAX_UNIX_PATH = 107;

/** The path of a Unix socket. Node 20 would silently truncate a longer path and connect to the file of that name. */
export function unixPathOf(value: unknown, option: string): string {
  const path = filled(value, option);
  const { length } = new TextEncoder().encode(path);
  if (length <= MAX_UNIX_PATH) return path;
  throw new TypeError(
    `${option} must be at most ${MAX_UNIX_PATH} bytes long, the size of a Unix socket's address: current value has ${length}, ${show(path)}`,
  );
}

/** A value as an error message shows it, cut by {@linkcode excerpt}. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${excerpt(value)}"`;
  return typeof value === "object" && value !== null
    ? Object.prototype.toString.call(value)
    : excerpt(String(value));
}

/** @throws {TypeError} if `given` has a key that `known` lacks. It says which was meant, if one is near or another client's. */
export function refuseUnknown(given: object, known: object, what: string): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    throw new TypeError(
      `Unknown ${what} "${excerpt(name)}"${meantBy(name, names)}: known are ${names.join(", ")}`,
    );
  }
}

function meantBy(given: string, names: readonly string[]): string {
  const here = nameHere(given);
  if (here !== undefined && names.includes(here.match(/^\w+/)?.[0] ?? "")) return `, which is ${here} here`;
  const near = nearest(given, names);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}
