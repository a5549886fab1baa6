/**
 * Mailbox: signals between the two ends of a scenario. A server waits for a word from its client, not for a time
 * that ought to suffice, and the other way round: that is what makes the traces the same on every run.
 */

/** Signals by name, each consumed once, in the order in which they came. */
export class Mailbox {
  readonly #arrived: Map<string, string[]> = new Map();
  readonly #waiting: Map<string, ((data: string) => void)[]> = new Map();

  deliver(name: string, data: string): void {
    const waiter = this.#waiting.get(name)?.shift();
    if (waiter !== undefined) return waiter(data);
    const list = this.#arrived.get(name) ?? [];
    list.push(data);
    this.#arrived.set(name, list);
  }

  /** The next signal of that name, which may have come before. */
  wait(name: string): Promise<string> {
    const early = this.#arrived.get(name)?.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve) => {
      const list = this.#waiting.get(name) ?? [];
      list.push(resolve);
      this.#waiting.set(name, list);
    });
  }
}

/** One line on the control connection: a signal of a scenario, or a call to the server itself. */
export interface Message {
  readonly scenario: string;
  readonly name: string;
  readonly data: string;
}

/** The server's first line: where each scenario is served, and what the place offers. */
export interface Hello {
  /** One port per origin of each scenario, by its name. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
  /** The Unix sockets of those that have one. */
  readonly unixPaths: Readonly<Record<string, string>>;
  /** Whether `ss` is installed, which shows the kernel's view of a socket. */
  readonly ss: boolean;
}

/** What the server answers when a scenario is over. */
export interface Ended {
  readonly errors: readonly string[];
}

/** Cuts a byte stream into lines, each a JSON value. */
export function jsonLines(receive: (value: unknown) => void): (chunk: Buffer | string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") receive(JSON.parse(line));
  };
}
