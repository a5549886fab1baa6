/**
 * Ledger: what one origin saw, kept apart by the client that was at work. Counted here, because a client's
 * own word on how often it connected or sent a request is what is to be checked.
 */

/** What an origin saw of one client. */
export interface Seen {
  /** Connections accepted, unused ones included. */
  readonly connections: number;
  /** Requests taken completely, repetitions included. */
  readonly received: number;
  /** Takings of a request id beyond its first, by method. */
  readonly repeated: Readonly<Record<string, number>>;
}

export const NOTHING_SEEN: Seen = { connections: 0, received: 0, repeated: {} };

interface Page {
  connections: number;
  readonly requests: Map<string, { readonly method: string; times: number }>;
}

export class Ledger {
  readonly #pages = new Map<string, Page>();
  #page: Page = this.#open("");

  /** From now on everything belongs to this client. */
  turnTo(client: string): void {
    this.#page = this.#open(client);
  }

  connected(): void {
    this.#page.connections++;
  }

  received(id: string, method: string): void {
    const known = this.#page.requests.get(id);
    if (known === undefined) this.#page.requests.set(id, { method, times: 1 });
    else known.times++;
  }

  seen(client: string): Seen {
    const { connections, requests } = this.#pages.get(client) ?? { connections: 0, requests: new Map() };
    const repeated: Record<string, number> = {};
    let received = 0;
    for (const { method, times } of requests.values()) {
      received += times;
      if (times > 1) repeated[method] = (repeated[method] ?? 0) + times - 1;
    }
    return { connections, received, repeated };
  }

  #open(client: string): Page {
    const page = this.#pages.get(client) ?? { connections: 0, requests: new Map() };
    this.#pages.set(client, page);
    return page;
  }
}
