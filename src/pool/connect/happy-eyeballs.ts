/**
 * Happy Eyeballs (RFC 8305 §5): connecting to a name with several addresses. The next address is tried when the one
 * before has failed or has taken 250 ms. The addresses are then tried side by side: the first to connect wins, and the
 * others are aborted. TLS belongs to the winner: if its certificate is not trusted, no other address is tried.
 */

import type { Clock, Timer } from "../../contract/clock.ts";
import { type Socket, type SocketHandler, TransportError } from "../../contract/transport.ts";
import { thrownFault } from "../../contract/user-functions.ts";
import { abortQuietly } from "./checked-socket.ts";

/** The Connection Attempt Delay that RFC 8305 §8 recommends. */
export const ATTEMPT_DELAY_MS = 250;

/** What {@linkcode happyEyeballs} needs. */
export interface HappyEyeballsOptions {
  /** At least one, in the order in which to try them. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  /** Receives the events of the socket that won. */
  readonly handler: SocketHandler;
  readonly signal: AbortSignal;
  /** Applied to the socket that won: checks and wraps that of a user's transport, and throws if it is no socket. */
  readonly wrap: (socket: Socket) => Socket;
  /** One address is connected. `losers`: those tried before it, which had failed or not answered by then. */
  readonly raceEnded?: ((winner: string, losers: readonly string[]) => void) | undefined;
  connect(address: string, handler: SocketHandler, signal: AbortSignal): Promise<Socket>;
}

/** Resolves with the socket that won, paused. Rejects with the signal's reason, untouched, or with why no address answered. */
export function happyEyeballs(options: HappyEyeballsOptions): Promise<Socket> {
  return new Promise((resolve, reject) => new HappyEyeballs(options, resolve, reject).start());
}

/** One address that is being tried. */
class AddressAttempt implements SocketHandler {
  readonly address: string;
  readonly controller: AbortController = new AbortController();
  readonly #owner: HappyEyeballs;

  constructor(address: string, owner: HappyEyeballs) {
    this.address = address;
    this.#owner = owner;
  }

  connected(): void {
    this.#owner.tcpConnected(this);
  }

  // The socket is handed over in the microtask in which it opens: no event comes before that.
  data(): void {}
  drain(): void {}
  closed(): void {}
}

/** The addresses of one name, being tried. */
class HappyEyeballs {
  readonly #options: HappyEyeballsOptions;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: unknown) => void;
  readonly #attempts: Set<AddressAttempt> = new Set();
  readonly #failures: (readonly [address: string, error: unknown])[] = [];
  readonly #untried: string[];
  #timer: Timer | undefined;
  #isRaceTold = false;

  constructor(
    options: HappyEyeballsOptions,
    resolve: (socket: Socket) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#untried = [...options.addresses];
  }

  start(): void {
    const { signal } = this.#options;
    if (signal.aborted) return this.#reject(signal.reason);
    signal.addEventListener("abort", this.#aborted);
    this.#tryNext();
  }

  readonly #aborted = (): void => {
    const { reason } = this.#options.signal;
    this.#finish(undefined, reason);
    this.#reject(reason);
  };

  #tryNext(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const address = this.#untried.shift();
    if (address === undefined) return;
    const attempt = new AddressAttempt(address, this);
    this.#attempts.add(attempt);
    if (this.#untried.length > 0)
      this.#timer = this.#options.clock.schedule(ATTEMPT_DELAY_MS, () => this.#tryNext());
    // `clock.schedule` is the user's, and may have aborted everything.
    if (!this.#attempts.has(attempt)) return this.#timer?.cancel();
    this.#options.connect(address, attempt, attempt.controller.signal).then(
      (socket) => this.#opened(attempt, socket),
      (error) => this.#failed(attempt, error),
    );
  }

  /** TCP is connected: no other address is needed, whatever becomes of TLS. */
  tcpConnected(attempt: AddressAttempt): void {
    if (!this.#attempts.has(attempt)) return;
    this.#timer?.cancel();
    this.#untried.length = 0;
    this.#tellRace(attempt);
    this.#abortOthers(attempt);
  }

  #opened(attempt: AddressAttempt, socket: Socket): void {
    if (!this.#attempts.has(attempt)) return abortQuietly(socket);
    try {
      socket.pause();
      socket.setHandler(this.#options.handler);
    } catch (cause) {
      abortQuietly(socket);
      return this.#failed(attempt, thrownFault("the socket that transport.connect gave", cause));
    }
    // The methods of a user's socket may have aborted everything, too.
    if (!this.#attempts.has(attempt)) return abortQuietly(socket);
    this.#won(attempt, socket);
  }

  #won(attempt: AddressAttempt, socket: Socket): void {
    let usable: Socket;
    try {
      usable = this.#options.wrap(socket);
    } catch (fault) {
      abortQuietly(socket);
      return this.#failed(attempt, fault);
    }
    this.#tellRace(attempt);
    // Whoever remembers the race asks the user's clock, which may have aborted everything.
    if (!this.#attempts.has(attempt)) return abortQuietly(socket);
    this.#finish(attempt);
    this.#resolve(usable);
  }

  /** Attempts are kept in the order in which they began: one that began after the winner has lost nothing. */
  #tellRace(winner: AddressAttempt): void {
    if (this.#isRaceTold) return;
    this.#isRaceTold = true;
    const losers = this.#failures.map(([address]) => address);
    for (const attempt of this.#attempts) {
      if (attempt === winner) break;
      losers.push(attempt.address);
    }
    this.#options.raceEnded?.(winner.address, losers);
  }

  #failed(attempt: AddressAttempt, error: unknown): void {
    if (!this.#attempts.delete(attempt)) return;
    this.#failures.push([attempt.address, error]);
    const untrusted = error instanceof TransportError && error.kind === "tls";
    if (!untrusted && this.#untried.length > 0) return this.#tryNext();
    if (!untrusted && this.#attempts.size > 0) return;
    this.#finish(undefined, error);
    this.#reject(untrusted ? error : failureOf(this.#failures));
  }

  #finish(winner: AddressAttempt | undefined, reason?: unknown): void {
    this.#timer?.cancel();
    this.#options.signal.removeEventListener("abort", this.#aborted);
    this.#abortOthers(winner, reason);
  }

  /** Without a reason: another address answered first. That error is made only if an attempt is left, which is seldom. */
  #abortOthers(except: AddressAttempt | undefined, reason?: unknown): void {
    for (const attempt of this.#attempts) {
      if (attempt === except) continue;
      this.#attempts.delete(attempt);
      attempt.controller.abort(reason ?? new Error("Another address answered first"));
    }
  }
}

/** One error for all addresses. "Unreachable", which a network without IPv6 always says, counts for less than a refusal. */
function failureOf(failures: readonly (readonly [address: string, error: unknown])[]): unknown {
  const errors = failures.map(([, error]) => error);
  const [first] = errors;
  if (errors.length === 1) return first;
  const best = errors.find((error) => kindOf(error) !== "unreachable") ?? first;
  const { kind, reason } =
    best instanceof TransportError ? best : ({ kind: "other", reason: undefined } as const);
  const tried = failures.map(([address, error]) => `${address} (${kindOf(error)})`).join(", ");
  return new TransportError(kind, `none of its addresses answered: ${tried}`, {
    reason,
    // As Node's own: programs look for the code on the chain of causes.
    cause:
      kind === "tls"
        ? new AggregateError(errors)
        : Object.assign(new AggregateError(errors), { code: reason }),
  });
}

function kindOf(error: unknown): string {
  return error instanceof TransportError ? error.kind : "other";
}
