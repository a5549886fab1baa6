/**
 * Addresses of a hostname: the order in which to try them (RFC 8305 §4), and a memory of earlier DNS answers that tells
 * when an address is gone.
 */

/**
 * Alternates address families, starting with the family of the first address (RFC 8305 §4). A broken family then costs
 * a single attempt.
 */
export function interleave(addresses: readonly string[]): string[] {
  const isSix = (address: string): boolean => address.includes(":");
  const [first] = addresses;
  if (first === undefined || addresses.every((address) => isSix(address) === isSix(first)))
    return [...addresses];
  const own = addresses.filter((address) => isSix(address) === isSix(first));
  const other = addresses.filter((address) => isSix(address) !== isSix(first));
  const pairs = Array.from({ length: Math.max(own.length, other.length) });
  return pairs.flatMap((_, at) => [...own.slice(at, at + 1), ...other.slice(at, at + 1)]);
}

/** The DNS answers for one hostname so far. Times are those of the pool's clock. */
export interface AddressMemory {
  readonly answeredAt: number;
  readonly latest: readonly string[];
  /** When each address was last in an answer. */
  readonly seenAt: ReadonlyMap<string, number>;
  /** Until this time the answers count as rotating: each one holds only some of the addresses. */
  readonly rotatesUntil: number;
}

/** No answer yet. */
export const NO_ADDRESSES: AddressMemory = {
  answeredAt: -Infinity,
  latest: [],
  seenAt: new Map(),
  rotatesUntil: -Infinity,
};

/** How long a rotating answer may leave an address out. An address that returns within this time proves rotation. */
const ROTATION_MS = 5 * 60_000;

/** How long a hostname counts as rotating after its answers were last seen to rotate. */
const ROTATING_MS = 2 * ROTATION_MS;

/** Addresses remembered per hostname. A hostname with more is a fleet whose answers rotate. */
const MOST_ADDRESSES = 256;

/**
 * The memory after another answer. Load balancers with more addresses than fit an answer return some of them in
 * rotation. If every absence counted, each answer would retire the connections that the previous answer had opened.
 */
export function remember(memory: AddressMemory, answer: readonly string[], now: number): AddressMemory {
  const { latest, seenAt: before } = memory;
  const returned = answer.some((address) => {
    const at = before.get(address);
    return at !== undefined && !latest.includes(address) && now - at <= ROTATION_MS;
  });
  const kept = [...before].filter(([address, at]) => {
    if (answer.includes(address)) return false;
    // An address gone since the previous answer was handled then. It is kept only to see whether it returns.
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

/** Whether the latest answer left out any remembered address. */
export function hasAbsent({ seenAt, latest }: AddressMemory): boolean {
  return [...seenAt.keys()].some((address) => !latest.includes(address));
}

/** Whether a remembered address is no longer in the answers. `false` for an address that no answer ever held. */
export function isGone(memory: AddressMemory, address: string): boolean {
  const { answeredAt, latest, seenAt, rotatesUntil } = memory;
  const at = seenAt.get(address);
  if (at === undefined || latest.includes(address)) return false;
  return answeredAt >= rotatesUntil || answeredAt - at > ROTATION_MS;
}
