/** Control: the client's end of the control connection, on which scenarios exchange signals with their server scripts. */

import { connect } from "node:net";
import { type Ended, type Hello, jsonLines, Mailbox, type Message } from "./mailbox.ts";

export class Control {
  readonly hello: Hello;
  readonly #mailboxes: Map<string, Mailbox>;
  readonly #socket: ReturnType<typeof connect>;

  private constructor(hello: Hello, mailboxes: Map<string, Mailbox>, socket: ReturnType<typeof connect>) {
    this.hello = hello;
    this.#mailboxes = mailboxes;
    this.#socket = socket;
  }

  /** Connects, and waits for the server's list of ports. */
  static open(port: number): Promise<Control> {
    const mailboxes = new Map<string, Mailbox>();
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      socket.on("error", reject);
      socket.on("close", () => process.exit(1));
      socket.on(
        "data",
        jsonLines((value) => {
          const message = value as Hello | Message;
          if ("ports" in message) resolve(new Control(message, mailboxes, socket));
          else mailboxOf(mailboxes, message.scenario).deliver(message.name, message.data);
        }),
      );
    });
  }

  signal(scenario: string, name: string, data: string | number = ""): void {
    this.#socket.write(`${JSON.stringify({ scenario, name, data: String(data) })}\n`);
  }

  wait(scenario: string, name: string): Promise<string> {
    return mailboxOf(this.#mailboxes, scenario).wait(name);
  }

  /** Calls the server itself, not a script. */
  ask(scenario: string, name: string, data: string | number = ""): Promise<string> {
    this.signal(scenario, name, data);
    return this.wait(scenario, name);
  }

  /** Ends the scenario on the server. Returns the errors of its script. */
  async end(scenario: string): Promise<readonly string[]> {
    const ended: Ended = JSON.parse(await this.ask(scenario, "#end"));
    return ended.errors;
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }
}

function mailboxOf(mailboxes: Map<string, Mailbox>, scenario: string): Mailbox {
  const mailbox = mailboxes.get(scenario) ?? new Mailbox();
  mailboxes.set(scenario, mailbox);
  return mailbox;
}
