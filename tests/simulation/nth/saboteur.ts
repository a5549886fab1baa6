/** Saboteur: lets the first operations of a scenario pass, and spoils the Nth. */

import {
  type Socket,
  type SocketHandler,
  type Target,
  type Transport,
  TransportError,
} from "../../../src/contract/transport.ts";

/** What a sabotaged socket delivers behind the bytes that arrived. */
export const SURPLUS: string = "+++";

/** What is done to the Nth operation. */
export const SABOTAGES = [
  "the connect attempt is refused",
  "the connect attempt never ends",
  "the write resets the connection",
  "the delivery is a reset instead",
  "the delivery is an end instead",
  "the delivery is cut in half by a reset",
  "the delivery comes with bytes behind it",
  "the timer rings too early",
  "the signal is aborted before it",
  "the signal is aborted after it",
  "the pool is drained before it",
  "the pool is closed before it",
  "the machine sleeps before it",
] as const;

export type Sabotage = (typeof SABOTAGES)[number];

type Operation = "connect" | "write" | "deliver" | "timer";

const CONCERNS: Readonly<Record<string, Operation>> = {
  "the connect attempt": "connect",
  "the write": "write",
  "the delivery": "deliver",
  "the timer": "timer",
};

/** What can be done to the whole scenario. */
export interface RunControls {
  abort(): void;
  drain(): void;
  close(): void;
  sleep(): void;
}

const RESET = new TransportError("reset", "The saboteur was here", { reason: "ECONNRESET" });

/** One sabotage of one operation. */
export class Saboteur {
  /** How many operations it could have spoiled. */
  operations = 0;
  /** How many sockets the pool has. */
  open = 0;
  controls: RunControls | undefined = undefined;
  readonly #sabotage: Sabotage;
  readonly #nth: number;

  constructor(sabotage: Sabotage, nth: number) {
    this.#sabotage = sabotage;
    this.#nth = nth;
  }

  /** Whether the Nth operation has come. */
  get struck(): boolean {
    return this.operations >= this.#nth;
  }

  /** An operation begins. Returns whether this operation must fail in the way of this sabotage. */
  begins(operation: Operation): boolean {
    const concern = Object.entries(CONCERNS).find(([words]) => this.#sabotage.startsWith(words))?.[1];
    // A timer is set deep within the pool, where no user can abort or close anything.
    if (concern !== operation && (concern !== undefined || operation === "timer")) return false;
    this.operations += 1;
    if (this.operations !== this.#nth) return false;
    if (concern !== undefined) return true;
    this.#intervene();
    return false;
  }

  #intervene(): void {
    const { controls } = this;
    switch (this.#sabotage) {
      case "the signal is aborted before it":
        return controls?.abort();
      case "the signal is aborted after it":
        return queueMicrotask(() => controls?.abort());
      case "the pool is drained before it":
        return controls?.drain();
      case "the pool is closed before it":
        return controls?.close();
      case "the machine sleeps before it":
        return controls?.sleep();
    }
  }

  is(sabotage: Sabotage): boolean {
    return this.#sabotage === sabotage;
  }

  /** The transport with the saboteur in it. */
  over(inner: Transport): Transport {
    const connect = async (target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> => {
      if (this.begins("connect")) {
        if (this.is("the connect attempt is refused"))
          throw new TransportError("refused", "The saboteur was here");
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }
      const spoilt = new SpoiltHandler(handler, this);
      const socket = await inner.connect(target, spoilt, signal);
      this.open += 1;
      spoilt.socket = socket;
      return this.#spoiltSocket(socket, spoilt);
    };
    return { ...inner, connect };
  }

  #spoiltSocket(socket: Socket, handler: SpoiltHandler): Socket {
    const write = (head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean => {
      if (!this.begins("write")) return socket.write(head, body, tail);
      queueMicrotask(() => handler.reset());
      return false;
    };
    const leave = (how: "close" | "abort") => () => {
      handler.leave();
      socket[how]();
    };
    return {
      ...socket,
      write,
      close: leave("close"),
      abort: leave("abort"),
    };
  }
}

class SpoiltHandler implements SocketHandler {
  socket: Socket | undefined = undefined;
  readonly #inner: SocketHandler;
  readonly #saboteur: Saboteur;
  #over = false;

  constructor(inner: SocketHandler, saboteur: Saboteur) {
    this.#inner = inner;
    this.#saboteur = saboteur;
  }

  data(bytes: Uint8Array, length: number): void {
    const saboteur = this.#saboteur;
    if (!saboteur.begins("deliver") || this.#over) return this.#inner.data(bytes, length);
    if (saboteur.is("the delivery comes with bytes behind it")) {
      const more = new Uint8Array(length + SURPLUS.length).fill(SURPLUS.charCodeAt(0));
      more.set(bytes.subarray(0, length));
      return this.#inner.data(more, more.length);
    }
    if (saboteur.is("the delivery is an end instead")) return this.#end(undefined);
    if (saboteur.is("the delivery is cut in half by a reset")) this.#inner.data(bytes, length >> 1);
    this.reset();
  }

  drain(): void {
    this.#inner.drain();
  }

  closed(error: TransportError | undefined): void {
    this.leave();
    this.#inner.closed(error);
  }

  reset(): void {
    this.#end(RESET);
  }

  /** The pool closed it, or it ended. */
  leave(): void {
    if (!this.#over) this.#saboteur.open -= 1;
    this.#over = true;
  }

  #end(error: TransportError | undefined): void {
    if (this.#over) return;
    this.leave();
    this.socket?.abort();
    this.#inner.closed(error);
  }
}
