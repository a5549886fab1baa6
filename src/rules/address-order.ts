/**
 * Address order: what connecting to the addresses of a name has shown, and the order of the next attempts. An address that
 * swallows every packet costs the delay of one race. Without a memory it would cost that delay in every race.
 */

/** When each address of one name last lost a race or failed, while another one connected. */
export type LostRaces = ReadonlyMap<string, number>;

/** Nothing was lost yet. */
export const NO_LOST_RACES: LostRaces = new Map();

/** How long a lost race counts (RFC 6555 §4.2: "on the order of 10 minutes"). Then the address gets another chance. */
const COUNTS_MS = 600_000;

/** Addresses remembered per name. */
const MOST_ADDRESSES = 64;

/** The addresses in their order, but those that lost lately at the end: first the one whose loss is the oldest. */
export function orderByRaces(addresses: readonly string[], lost: LostRaces, now: number): readonly string[] {
  if (lost.size === 0) return addresses;
  const lostAt = (address: string): number => {
    const at = lost.get(address);
    return at === undefined || now - at > COUNTS_MS ? -Infinity : at;
  };
  return [...addresses].sort((one, other) => compare(lostAt(one), lostAt(other)));
}

/**
 * The addresses by how many connections lead to each, the fewest first. Equal ones take turns from a random one on: a fleet of clients
 * with a connection each would otherwise meet at the first address. `random`: from 0 to 1.
 */
export function orderByLoad(
  addresses: readonly string[],
  loadOf: (address: string) => number,
  random: number,
): readonly string[] {
  const start = Math.min(addresses.length - 1, Math.floor(random * addresses.length));
  const turned = [...addresses.slice(start), ...addresses.slice(0, start)];
  return turned.sort((one, other) => loadOf(one) - loadOf(other));
}

/** Two that never lost are equal; the difference of two infinities is no number. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

/** The memory after a race. */
export function afterRace(
  lost: LostRaces,
  winner: string,
  losers: readonly string[],
  now: number,
): LostRaces {
  if (losers.length === 0 && !lost.has(winner)) return lost;
  const kept = [...lost].filter(([address, at]) => address !== winner && now - at <= COUNTS_MS);
  const next = new Map(kept);
  for (const loser of losers) {
    next.delete(loser);
    next.set(loser, now);
  }
  for (const [oldest] of next) {
    if (next.size <= MOST_ADDRESSES) break;
    next.delete(oldest);
  }
  return next;
}
