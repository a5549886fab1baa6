/**
 * Habits: how servers treat idle connections. Each habit follows a real system whose source was read. Numbers come
 * from the seed.
 */

import type { Prng } from "../support/prng.ts";

/** What a server says about its limits. */
export type Announces = "nothing" | "timeout" | "timeout-and-left" | "timeout-and-limit";

/** How a server treats its connections. */
export interface Habit {
  readonly name: string;
  /** It closes a connection that was idle this long. */
  idleMs: number;
  readonly announces: Announces;
  /** The announced timeout in ms, a multiple of 1000. Never above `idleMs`, unless the server lies. */
  readonly announcedMs: number;
  /** Announces its limits only to clients that send `Connection: keep-alive`. */
  readonly onlyIfAsked: boolean;
  readonly maxRequests: number;
  readonly maxLifetimeMs: number;
  readonly minorVersion: 0 | 1;
  /** Sends `Connection: keep-alive` on responses after which it keeps the connection. */
  readonly saysKeepAlive: boolean;
  /** Its last response announces `max=0`, but not `Connection: close`. */
  readonly quiet?: boolean;
  readonly onIdle: "fin" | "rst" | "vanish" | "408";
  /** It does so to the millisecond. Others look now and then. */
  readonly isExact?: boolean;
}

const SECOND = 1000;

const PLAIN = {
  announces: "nothing",
  announcedMs: 0,
  onlyIfAsked: false,
  maxRequests: Infinity,
  maxLifetimeMs: Infinity,
  minorVersion: 1,
  saysKeepAlive: false,
  onIdle: "fin",
} as const satisfies Partial<Habit>;

type Make = (prng: Prng) => Habit;

/** Servers that announce their limits, or keep connections longer than any client here. */
export const HONEST: Readonly<Record<string, Make>> = {
  nginx: (prng) => ({
    ...PLAIN,
    name: "nginx",
    idleMs: 75 * SECOND,
    maxRequests: prng.among(1000, 100, 20),
    maxLifetimeMs: prng.among(3600 * SECOND, 90 * SECOND),
    saysKeepAlive: true,
  }),
  "nginx with a header": (prng) => {
    const idleMs = prng.among(5, 15, 75) * SECOND;
    return {
      ...PLAIN,
      name: "nginx with a header",
      idleMs,
      announces: "timeout",
      announcedMs: idleMs,
      saysKeepAlive: true,
    };
  },
  tomcat: (prng) => {
    const idleMs = prng.among(20, 60, 3) * SECOND + prng.among(0, 500);
    return {
      ...PLAIN,
      name: "tomcat",
      idleMs,
      announces: "timeout",
      announcedMs: Math.floor(idleMs / SECOND) * SECOND,
      onlyIfAsked: true,
      maxRequests: prng.among(100, 100, 5),
      saysKeepAlive: true,
    };
  },
  envoy: () => ({ ...PLAIN, name: "envoy", idleMs: 3600 * SECOND }),
  httpd: (prng) => {
    const idleMs = prng.among(5, 15) * SECOND;
    return {
      ...PLAIN,
      name: "httpd",
      idleMs,
      announces: "timeout-and-left",
      announcedMs: idleMs,
      onlyIfAsked: true,
      maxRequests: prng.among(101, 101, 6),
      saysKeepAlive: true,
    };
  },
  node: (prng) => {
    const announcedMs = prng.among(5, 2, 65) * SECOND;
    return {
      ...PLAIN,
      name: "node",
      idleMs: announcedMs + SECOND,
      announces: prng.among("timeout", "timeout-and-limit"),
      announcedMs,
      maxRequests: prng.among(Infinity, Infinity, 30, 3),
      saysKeepAlive: true,
    };
  },
  "http/1.0": (prng) => ({
    ...PLAIN,
    name: "http/1.0",
    idleMs: 90 * SECOND,
    minorVersion: 0,
    saysKeepAlive: !prng.oneIn(4),
  }),
};

/** Servers that close connections when nobody expects it. */
export const HIDDEN: Readonly<Record<string, Make>> = {
  "quiet httpd": (prng) => ({
    ...PLAIN,
    name: "quiet httpd",
    idleMs: 15 * SECOND,
    announces: "timeout-and-left",
    announcedMs: 15 * SECOND,
    maxRequests: prng.among(3, 8),
    saysKeepAlive: true,
    quiet: true,
  }),
  hidden: (prng) => ({
    ...PLAIN,
    name: "hidden",
    idleMs: prng.among(150, 800, 1500, 4000, 10_000, 30_000, 50_000) + prng.below(500),
    onIdle: prng.among("fin", "fin", "rst", "408"),
  }),
  vanishing: (prng) => ({
    ...PLAIN,
    name: "vanishing",
    idleMs: prng.among(3000, 20_000),
    onIdle: "vanish",
  }),
  liar: (prng) => ({
    ...PLAIN,
    name: "liar",
    idleMs: prng.among(700, 2500),
    announces: prng.among("timeout", "timeout-and-left"),
    announcedMs: prng.among(5, 60) * SECOND,
    maxRequests: prng.among(Infinity, 20),
    saysKeepAlive: true,
  }),
  hasty: (prng) => ({
    ...PLAIN,
    name: "hasty",
    idleMs: 5 * SECOND,
    maxRequests: prng.among(2, 40),
    onIdle: "rst",
  }),
};

/** A server that keeps connections, behind a box that forgets them after `idleMs` without a word. */
export function behindBox(idleMs: number): Habit {
  return { ...PLAIN, name: "behind a box", idleMs, onIdle: "vanish", isExact: true };
}

/** A server that keeps connections for longer than anybody pauses. */
export function patient(): Habit {
  return { ...PLAIN, name: "patient", idleMs: 1_000_000 * SECOND };
}

/** Draws one of the habits. */
export function someHabit(prng: Prng, makes: Readonly<Record<string, Make>>): Habit {
  const [, make] = prng.pick(Object.entries(makes)) ?? [];
  if (make === undefined) throw new Error("There are no habits");
  return make(prng);
}
