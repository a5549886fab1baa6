/** Deep equality as std's `equal` defines it, so that a test passes here exactly when it passes there. */

type Seen = Map<object, object>;

/** True for equal values, `NaN` included; 0 equals -0, which `node:assert` denies. */
export function equal(actual: unknown, expected: unknown): boolean {
  return compare(actual, expected, new Map());
}

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (seen.get(a) === b) return true;
  if (!sameKind(a, b)) return false;
  seen.set(a, b);
  if (a instanceof Date && b instanceof Date) return compare(a.getTime(), b.getTime(), seen);
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Set && b instanceof Set) return compareSets(a, b, seen);
  if (a instanceof Map && b instanceof Map) return compareMaps(a, b, seen);
  return compareKeys(a, b, seen);
}

/** Same class; an object without a prototype counts as a plain one. */
function sameKind(a: object, b: object): boolean {
  return kind(a) === kind(b);
}

function kind(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function compareSets(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  return [...a].every((item) => b.has(item) || [...b].some((other) => compare(item, other, seen)));
}

function compareMaps(
  a: ReadonlyMap<unknown, unknown>,
  b: ReadonlyMap<unknown, unknown>,
  seen: Seen,
): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) =>
    b.has(key)
      ? compare(value, b.get(key), seen)
      : [...b].some(([otherKey, other]) => compare(key, otherKey, seen) && compare(value, other, seen)),
  );
}

function compareKeys(a: object, b: object, seen: Seen): boolean {
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b).length) return false;
  return keys.every((key) => key in b && compare(Reflect.get(a, key), Reflect.get(b, key), seen));
}

/** Own enumerable keys, and an error's message and name, which are not enumerable. */
function ownKeys(value: object): PropertyKey[] {
  const visible = Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  return value instanceof Error ? [...new Set([...visible, "message", "name"])] : visible;
}
