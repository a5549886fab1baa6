/** Dimensions: what users and peers do besides failing. Each can be left out. Each is counted when it happens. */

import { Prng } from "../support/prng.ts";

/** The dimensions, each with the happenings that must occur in any large number of seeds. */
export const HAPPENINGS = {
  /** Listeners that do something to the pool or its requests. */
  listeners: [
    "listener aborts its own request",
    "listener aborts another request",
    "listener drains",
    "listener closes",
    "listener closes again",
    "listener subscribes",
    "listener unsubscribes itself",
    "listener starts a request",
    "listener throws",
  ],
  /** AsyncLocalStorage: whether the functions that a call brings see the caller's store. */
  contexts: [
    "caller's store seen by a function",
    "caller's store seen by a generator",
    "caller's store seen by a stream",
    "caller's store seen after a wait for a connection",
  ],
  /** Content codings, sound and broken, and decompression bombs. */
  codings: [
    "coded body",
    "coded body in flushed pieces",
    "coded body cut short",
    "coded body malformed",
    "chain of codings",
    "chain of too many codings",
    "bomb read whole",
    "bomb read in part",
    "bomb not read",
  ],
  /** Callers that abort or stop reading at every phase, and bodies that never end. */
  leaving: [
    "left while it waited for a connection",
    "left while uploading",
    "left while the head was awaited",
    "left in the body by abort",
    "left in the body by cancel",
    "left in the body by break",
    "left in the body by discard",
    "left a live stream",
  ],
  /** Bodies with several readers, or moved to another response. */
  copies: [
    "clone, both read",
    "clone, the copy cancelled",
    "clone, the original cancelled",
    "tee, both read",
    "tee, one cancelled",
    "kept as the body of another response",
    "kept as a stream alone",
  ],
  /** Two pools whose servers call each other. */
  pairs: ["call through a second pool", "cycle through both pools"],
  /** Two pools of one program, with one clock, one transport and one store. */
  neighbours: [
    "two pools with one clock and one transport",
    "limit learned by one of two neighbours",
    "limit learned by both neighbours",
    "one of two neighbours closed",
  ],
  /** Request bodies that misbehave. */
  uploads: [
    "function that throws",
    "function that throws when called again",
    "function that gives another kind when called again",
    "function that gives a used stream when called again",
    "blob that cannot be streamed",
    "stream shorter than its length",
    "stream longer than its length",
    "buffer taken away",
    "stream that never goes on",
    "stream that breaks",
    "generator",
    "function",
  ],
  /** Servers that send single bytes which bring the exchange no further. */
  drips: ["dripped before 100 Continue", "dripped head", "dripped head before the upload was read"],
  /** Responses that nobody asked for, right behind a response, while the caller is busy. */
  surplus: ["unsolicited response within 2 ms", "busy for some milliseconds after the answer"],
  /** Machines that are suspended while servers keep to their limits. */
  suspensions: ["suspended", "end of a connection found after a suspension"],
  /** Upgrades to another protocol, whose sockets leave the pool. */
  upgrades: [
    "upgraded",
    "upgrade answered otherwise",
    "bytes came behind the head of a 101",
    "upgraded socket closed by the caller",
    "upgraded socket dropped by the caller",
    "upgraded socket ended by the server",
    "upgraded socket lost",
    "upgraded socket used after the pool was closed",
  ],
  /** Connections that are kept ready, and an origin with an entry of its own. */
  policies: ["replaced before its end", "an entry for an origin"],
  /** A requestTimeout, which covers a whole chain of redirects. */
  totals: ["requestTimeout set"],
  /** Clocks that stand still while the program computes, as on Cloudflare Workers. */
  clocks: ["clock that stands still", "request made while the clock stood still"],
  /** Threads and event loops that are scheduled late, so that what came in time is told late and at once. */
  lateness: [
    "stall, then timers first",
    "stall, then sockets first",
    "stall, then some sockets first",
    "timers late, sockets in time",
    "sockets late, timers in time",
    "sockets read in batches",
  ],
  /** Transports that write small requests later, together with others, and uploads that end in text. */
  holding: [
    "write held until the turn ends",
    "write held for longer",
    "held write dropped",
    "upload with trailers",
  ],
  /** Sockets that hold what they are given until the kernel takes it, and callers that use a buffer again when it counts as taken. */
  buffers: ["buffer used again in a tunnel", "buffer used again by a generator"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Kind = keyof typeof HAPPENINGS;

/** One happening of a dimension. */
export type Happening = (typeof HAPPENINGS)[Kind][number];

export const KINDS = Object.keys(HAPPENINGS) as Kind[];

/** Dimensions that are off until their findings are fixed. `--only` runs them all the same. */
export const NOT_YET: readonly Kind[] = [];

export const LANDED: readonly Kind[] = KINDS.filter((kind) => !NOT_YET.includes(kind));

/** Those that were there before `buffers`, for seeds that were kept then. */
export const BEFORE_BUFFERS: readonly Kind[] = LANDED.filter((kind) => kind !== "buffers");

/** How often users and peers do these things in one world: once in this many; `Infinity` means never. */
export interface Users {
  readonly kinds: readonly Kind[];
  /** Per event. */
  readonly actOneIn: number;
  readonly closesInListener: boolean;
  readonly contexts: boolean;
  /** Per request, like all that follow. */
  readonly codedOneIn: number;
  readonly leaveOneIn: number;
  readonly copyOneIn: number;
  readonly misuseOneIn: number;
  readonly dripOneIn: number;
  readonly surplusOneIn: number;
  readonly busyOneIn: number;
  /** Per move of a client, in worlds where servers keep to their limits. */
  readonly suspendOneIn: number;
  /** The pool's option. */
  readonly requestTimeoutMs: number;
  /** The pool's option, as far as its limits allow. */
  readonly minIdle: number;
  /** One origin has an entry, which says what the pool says. */
  readonly hasEntry: boolean;
  /** The client's clock moves only when something reaches the program. */
  readonly clockStops: boolean;
  /** Per move of a client. */
  readonly lateOneIn: number;
  /** One poll of the sockets tells all that they bring before the program goes on, as on Deno. */
  readonly readsInBatches: boolean;
  /** Per request. */
  readonly upgradeOneIn: number;
  /** Per write of text by itself. */
  readonly holdOneIn: number;
  /** Per request. */
  readonly trailersOneIn: number;
  /** Per write: the kernel takes it later. */
  readonly lateWriteOneIn: number;
}

/** Draws them from random numbers of their own, so that older seeds keep their meaning. */
export function drawUsers(seed: number, kinds: readonly Kind[], calm: boolean): Users {
  const prng = new Prng(Math.imul(seed, 0x9e37_79b1) ^ 0x0cce);
  const oneIn = (kind: Kind, ...odds: [number, ...number[]]): number => {
    const drawn = prng.among(...odds);
    return kinds.includes(kind) ? drawn : Infinity;
  };
  const often = oneIn("listeners", 30, 150, 600, Infinity);
  const contexts = oneIn("contexts", 1, ...NEVER_OFTEN) === 1;
  const lateness = drawLateness(seed, kinds);
  const isLate = lateness.lateOneIn !== Infinity;
  return {
    kinds,
    actOneIn: often,
    closesInListener: prng.oneIn(3) && often !== Infinity,
    contexts,
    codedOneIn: oneIn("codings", 10, 60, Infinity),
    leaveOneIn: oneIn("leaving", 12, 60, Infinity),
    copyOneIn: oneIn("copies", 10, 60, Infinity),
    misuseOneIn: oneIn("uploads", contexts ? 2 : 3, 12, contexts ? 2 : Infinity),
    dripOneIn: oneIn("drips", 20, 100, Infinity),
    surplusOneIn: calm ? Infinity : oneIn("surplus", 15, 80, Infinity),
    busyOneIn: calm ? Infinity : oneIn("surplus", 5, 20, Infinity),
    // A suspension would excuse what a short stall does not.
    suspendOneIn: Math.max(calm ? oneIn("suspensions", 40, Infinity) : Infinity, isLate ? Infinity : 0),
    requestTimeoutMs: calm ? Infinity : oneIn("totals", 1500, 8000, Infinity, Infinity),
    ...drawPolicies(seed, kinds),
    clockStops: oneIn("clocks", 1, Infinity, Infinity) === 1,
    upgradeOneIn: oneIn("upgrades", 8, 30, Infinity),
    ...lateness,
    ...drawHolding(seed, kinds),
    lateWriteOneIn: kinds.includes("buffers")
      ? new Prng(Math.imul(seed, 0x1656_67b1) ^ 0x1a7e).among(1, 4, Infinity)
      : Infinity,
  };
}

/** Drawn apart, so that older seeds keep their meaning. */
function drawHolding(seed: number, kinds: readonly Kind[]): Pick<Users, "holdOneIn" | "trailersOneIn"> {
  const prng = new Prng(Math.imul(seed, 0x27d4_eb2f) ^ 0x401d);
  if (!kinds.includes("holding")) return { holdOneIn: Infinity, trailersOneIn: Infinity };
  return { holdOneIn: prng.among(1, 3, Infinity), trailersOneIn: prng.among(2, 10) };
}

/** Drawn apart, so that older seeds keep their meaning. */
function drawLateness(seed: number, kinds: readonly Kind[]): Pick<Users, "lateOneIn" | "readsInBatches"> {
  const prng = new Prng(Math.imul(seed, 0xc2b2_ae35) ^ 0x1a84);
  if (!kinds.includes("lateness")) return { lateOneIn: Infinity, readsInBatches: false };
  return { lateOneIn: prng.among(15, 60, Infinity), readsInBatches: prng.oneIn(3) };
}

/** Drawn apart, so that older seeds keep their meaning. */
function drawPolicies(seed: number, kinds: readonly Kind[]): Pick<Users, "minIdle" | "hasEntry"> {
  const prng = new Prng(Math.imul(seed, 0x85eb_ca6b) ^ 0x90c1);
  if (!kinds.includes("policies")) return { minIdle: 0, hasEntry: false };
  return { minIdle: prng.among(0, 0, 1, 3), hasEntry: prng.oneIn(2) };
}

/** Contexts slow down every promise on Node 20, so one world in eight has them. */
const NEVER_OFTEN = [Infinity, Infinity, Infinity, Infinity, Infinity, Infinity, Infinity] as const;

/** How a caller leaves a body. */
export type Leave = "abort" | "cancel" | "break" | "discard";

/** How a body gets several readers. */
export type Copying = (typeof HAPPENINGS)["copies"][number];

/** What is wrong with a request body, if anything. */
export type Misuse = (typeof HAPPENINGS)["uploads"][number];

/** The content coding of a response. */
export interface Coded {
  readonly how: "sound" | "flushed" | "cut short" | "malformed";
  /** The number of codings applied. */
  readonly chain: number;
  /** Bytes of a decompression bomb behind the payload; 0 for none. */
  readonly bomb: number;
}

/** What goes through an upgraded socket, and who ends it. */
export interface Tunnelled {
  /** Bytes that the server sends behind its 101. */
  readonly early: number;
  /** Bytes that the caller sends, and the server sends back. */
  readonly bytes: number;
  /** Pauses of the caller. */
  readonly gapMs: number;
  readonly end: "close" | "abort" | "peer";
  /** The caller goes on when the pool was closed. */
  readonly outlives: boolean;
}

/** What is special about one request. */
export interface Extras {
  /** It has a signal that others abort. */
  readonly abortable: boolean;
  /** Where its caller leaves: after this many ms, or in the body after some bytes. */
  readonly leaveAfterMs: number | undefined;
  readonly leave: { readonly how: Leave; readonly afterBytes: number } | undefined;
  /** Its body goes on for a minute. */
  readonly live: boolean;
  readonly copying: Copying | undefined;
  readonly misuse: Misuse | undefined;
  readonly coded: Coded | undefined;
  readonly drips: boolean;
  /** How long after its response the server sends a response that nobody asked for. */
  readonly surplusMs: number | undefined;
  /** How long the caller is busy after the response. */
  readonly busyMs: number;
  /** It asks for another protocol. */
  readonly upgrade: Tunnelled | undefined;
  /** Fields follow its body. */
  readonly trailers: boolean;
}

/** An ordinary request. */
const ORDINARY: Extras = {
  abortable: false,
  leaveAfterMs: undefined,
  leave: undefined,
  live: false,
  copying: undefined,
  misuse: undefined,
  coded: undefined,
  drips: false,
  surplusMs: undefined,
  busyMs: 0,
  upgrade: undefined,
  trailers: false,
};

/** What is known of the request when its extras are drawn. */
export interface Ordinary {
  readonly id: number;
  readonly api: "request" | "fetch";
  readonly uploads: boolean;
  readonly head: boolean;
  /** It may become an upgrade. */
  readonly get: boolean;
  readonly latencyMs: number;
}

/** Draws what is special about a request, from random numbers of its own. */
export function drawExtras(seed: number, users: Users, request: Ordinary): Extras {
  if (users.kinds.length === 0) return ORDINARY;
  const prng = new Prng(Math.imul(seed ^ 0x51ed, 0x85eb_ca6b) + Math.imul(request.id, 0xc2b2_ae35));
  const does = (oneIn: number): boolean => {
    const drawn = prng.next();
    return drawn * oneIn < 1;
  };
  const fetches = request.api === "fetch" && !request.head;
  const leaves = does(users.leaveOneIn);
  const inBody = leaves && !request.head && prng.oneIn(2);
  const live = inBody && prng.oneIn(2);
  const coded = fetches && !live && does(users.codedOneIn) ? drawCoded(prng) : undefined;
  const copies = fetches && !inBody && coded === undefined && does(users.copyOneIn);
  const latency = request.latencyMs;
  const upgrade = drawTunnel(seed, users, request);
  if (upgrade !== undefined) return ofUpgrade(upgrade, leaves, latency);
  const surplus = does(users.surplusOneIn);
  const busy = surplus ? prng.next() < 0.7 : does(users.busyOneIn);
  const extras = {
    abortable: users.actOneIn !== Infinity && prng.oneIn(4),
    leaveAfterMs: leaves && !inBody ? prng.among(0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6) * latency : undefined,
    leave: inBody ? drawLeave(prng, request.api) : undefined,
    live,
    copying: copies ? prng.pick(HAPPENINGS.copies) : undefined,
    misuse: request.uploads && does(users.misuseOneIn) ? drawMisuse(prng, request.api) : undefined,
    coded,
    drips: does(users.dripOneIn),
    surplusMs: surplus ? prng.among(0, 0.25, 0.5, 1, 2) : undefined,
    busyMs: busy ? prng.among(0.5, 1, 2, 3, 4, 6, 9) : 0,
    upgrade,
  };
  return { ...extras, trailers: drawTrailers(seed, users, request, extras.misuse) };
}

/** Draws from random numbers of their own, so that older seeds keep their meaning. */
function drawTrailers(
  seed: number,
  { trailersOneIn }: Users,
  { id, api, uploads }: Ordinary,
  misuse: Misuse | undefined,
): boolean {
  const prng = new Prng(Math.imul(seed ^ 0x7a11, 0x27d4_eb2f) + Math.imul(id, 0x85eb_ca6b));
  const sound = misuse === undefined || misuse === "generator" || misuse === "function";
  return uploads && api === "request" && sound && prng.oneIn(trailersOneIn);
}

function ofUpgrade(upgrade: Tunnelled, leaves: boolean, latency: number): Extras {
  return { ...ORDINARY, abortable: true, leaveAfterMs: leaves ? 2 * latency : undefined, upgrade };
}

/** Draws from random numbers of their own, so that older seeds keep their meaning. */
function drawTunnel(
  seed: number,
  { upgradeOneIn }: Users,
  { id, api, get }: Ordinary,
): Tunnelled | undefined {
  const prng = new Prng(Math.imul(seed ^ 0x07d1, 0x27d4_eb2f) + Math.imul(id, 0x1656_67b1));
  if (!get || api !== "request" || upgradeOneIn === Infinity || !prng.oneIn(upgradeOneIn)) return undefined;
  return {
    early: prng.among(0, 0, 5, 300),
    bytes: prng.among(0, 1, prng.below(2000), prng.below(2000), 200_000),
    gapMs: prng.among(0, 5, 400, 2000),
    end: prng.among("close", "abort", "peer"),
    outlives: prng.oneIn(4),
  };
}

function drawLeave(prng: Prng, api: "request" | "fetch"): Extras["leave"] {
  const how = prng.among<Leave>("abort", "cancel", "break", api === "request" ? "discard" : "cancel");
  return { how, afterBytes: prng.among(0, 0, 1, prng.below(200), prng.below(5000), 70_000) };
}

function drawMisuse(prng: Prng, api: "request" | "fetch"): Misuse {
  const drawn = prng.pick(HAPPENINGS.uploads) ?? "generator";
  // Only `request()` takes functions, and only it sends the caller's own buffer.
  const needsRequest = drawn.startsWith("function") || drawn.startsWith("buffer");
  return needsRequest && api === "fetch" ? "generator" : drawn;
}

function drawCoded(prng: Prng): Coded {
  const bomb = prng.oneIn(8) ? prng.among(4, 8, 16) * 1_048_576 : 0;
  const how = prng.weighted({ sound: 4, flushed: 3, "cut short": 1, malformed: 1 });
  const chain = prng.weighted({ 1: 8, 2: 2, 3: 1, 5: 0.5, 6: 0.5 });
  return { how: bomb > 0 ? "sound" : how, chain: Number(chain), bomb };
}
