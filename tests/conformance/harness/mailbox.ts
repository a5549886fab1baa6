/**
 * Mailbox: signals between client and server of a scenario. Each side waits for a signal of the other instead of a fixed
 * delay, so that the traces are the same in every run.
 */

/** Signals by name. Each is consumed once, in order of arrival. */
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

  /** Waits for the next signal of that name, which may have arrived already. */
  wait(name: string): Promise<string> {
    const arrived = this.#arrived.get(name)?.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
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

/** The server's first line: where each scenario is served, and what the machine offers. */
export interface Hello {
  /** One port per origin of each scenario, by its name. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
  /** The Unix sockets of the scenarios that have one. */
  readonly unixPaths: Readonly<Record<string, string>>;
  /** Whether `ss` is installed, which shows the kernel's state of a socket. */
  readonly ss: boolean;
}

/** The server's response to the end of a scenario. */
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
