/**
 * Addresses: in which order to try those of a name (RFC 8305 §4), and when one that a name once had is gone.
 */

/** Families in turn, beginning with the family of the first: a broken one then costs a single attempt. */
export function interleave(addresses: readonly string[]): string[] {
  const isSix = (address: string): boolean => address.includes(":");
  const [first] = addresses;
  if (first === undefined) return [];
  const own = addresses.filter((address) => isSix(address) === isSix(first));
  const other = addresses.filter((address) => isSix(address) !== isSix(first));
  const turns = Array.from({ length: Math.max(own.length, other.length) });
  return turns.flatMap((_, at) => [...own.slice(at, at + 1), ...other.slice(at, at + 1)]);
}

/** What was answered for one name so far. Times are of the pool's clock. */
export interface AddressMemory {
  readonly answeredAt: number;
  readonly latest: readonly string[];
  /** Each address and when it was last among the answers. */
  readonly seenAt: ReadonlyMap<string, number>;
  /** Until then its answers count as taking turns. */
  readonly rotatesUntil: number;
}

/** Nothing was answered yet. */
export const NO_ADDRESSES: AddressMemory = {
  answeredAt: -Infinity,
  latest: [],
  seenAt: new Map(),
  rotatesUntil: -Infinity,
};

/** How long an address may be left out by a name whose answers rotate; one that returns so soon shows that they do. */
const ROTATION_MS = 5 * 60_000;

/** How long a name counts as rotating after it was last seen to. */
const ROTATING_MS = 2 * ROTATION_MS;

/** Addresses remembered of one name; a name with more is a fleet whose answers rotate. */
const MOST_ADDRESSES = 256;

/**
 * The memory after a further answer. Load balancers with more addresses than an answer holds give some of them in
 * turn; if every absence counted, each answer would retire what the one before had opened.
 */
export function remember(memory: AddressMemory, answer: readonly string[], now: number): AddressMemory {
  const { latest, seenAt: before } = memory;
  const returned = answer.some((address) => {
    const at = before.get(address);
    return at !== undefined && !latest.includes(address) && now - at <= ROTATION_MS;
  });
  const kept = [...before].filter(([address, at]) => {
    if (answer.includes(address)) return false;
    // One that was gone by the answer before has been dealt with; what is left to see is whether it comes back.
    return !isGone(memory, address) || now - at <= ROTATION_MS;
  });
  const seenAt = new Map(kept);
  for (const address of answer) seenAt.set(address, now);
  for (const [oldest] of seenAt) {
    if (seenAt.size <= MOST_ADDRESSES) break;
    seenAt.delete(oldest);
  }
  return {
    answeredAt: now,
    latest: answer,
    seenAt,
    rotatesUntil: returned ? now + ROTATING_MS : memory.rotatesUntil,
  };
}

/** Whether any address that is remembered was left out by the latest answer. */
export function hasAbsent({ seenAt, latest }: AddressMemory): boolean {
  return [...seenAt.keys()].some((address) => !latest.includes(address));
}

/** Whether an address that the name had is no longer among its answers. Of one that no answer held, nothing is known. */
export function isGone(memory: AddressMemory, address: string): boolean {
  const { answeredAt, latest, seenAt, rotatesUntil } = memory;
  const at = seenAt.get(address);
  if (at === undefined || latest.includes(address)) return false;
  return answeredAt >= rotatesUntil || answeredAt - at > ROTATION_MS;
}
