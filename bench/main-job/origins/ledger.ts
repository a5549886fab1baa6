/**
 * Ledger: what one origin saw of each client. The server counts, because the client's own figures are what is to be
 * checked.
 */

/** What an origin saw of one client. */
export interface Seen {
  /** Accepted connections, unused ones included. */
  readonly connections: number;
  /** Requests that arrived completely, repetitions included. */
  readonly received: number;
  /** How often a request id arrived again, by method. */
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

  /** Assigns everything from now on to this client. */
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
