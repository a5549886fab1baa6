/** Habits: short experiments that need no waiting: `Connection`, TLS, and whether all addresses answer alike. */

import type { TlsFacts, TlsSession, TlsSessions } from "../../contract/transport.ts";
import { findingOf, type Sample } from "../findings.ts";
import type { Lab, TlsEndings } from "../lab.ts";
import type { Answer } from "../probe-connection.ts";

/** What the server does with a request's `Connection`. */
export interface Http1Habits {
  /** Whether it keeps a connection of HTTP/1.0 that asks for it with `Connection: keep-alive`. */
  readonly keepsWhenAsked: boolean | undefined;
  /** Whether it keeps one that does not ask, against RFC 9112 §9.3. */
  readonly keepsUnasked: boolean | undefined;
  /** Whether it closes a connection of HTTP/1.1 that asks for it with `Connection: close` (RFC 9112 §9.6). */
  readonly closesWhenAsked: boolean | undefined;
}

/** Three requests, each on a connection of its own. */
export async function http1Habits(lab: Lab): Promise<Http1Habits> {
  const keepsWhenAsked = await keeps(lab, 0, "keep-alive");
  const keepsUnasked = await keeps(lab, 0, undefined);
  const kept = await keeps(lab, 1, "close");
  return { keepsWhenAsked, keepsUnasked, closesWhenAsked: kept === undefined ? undefined : !kept };
}

/** How long a server may take to close after an answer, before the connection counts as kept. */
const CLOSING_MS = 500;

async function keeps(
  lab: Lab,
  minorVersion: 0 | 1,
  connection: string | undefined,
): Promise<boolean | undefined> {
  try {
    const probe = await lab.open();
    const outcome = await lab.ask(probe, {
      // By GET, because some servers (Node 24) keep no HTTP/1.0 connection after a body that they did not send.
      method: lab.settings.method ?? "GET",
      minorVersion,
      ...(connection === undefined ? {} : { connection }),
    });
    if (outcome.kind === "answered") await lab.quiet(probe, CLOSING_MS);
    const kept = probe.ending === undefined;
    probe.close();
    return lab.signal.aborted || outcome.kind !== "answered" ? undefined : kept;
  } catch {
    // A failed dial says nothing of habits. Other experiments report it.
    return undefined;
  }
}

/** What was seen of TLS. */
export interface TlsHabits {
  readonly facts: TlsFacts | undefined;
  /** Whether a second handshake resumed the first; `undefined` where the runtime does not tell. */
  readonly resumes: boolean | undefined;
  /** How the server's side ended, where it was looked at. */
  readonly endings: TlsEndings;
}

/** One session is enough: it is the next handshake that shows whether the server takes it. */
export class OneSession implements TlsSessions {
  #session: TlsSession | undefined;
  take(): TlsSession | undefined {
    return this.#session;
  }
  keep(session: TlsSession): void {
    this.#session = session;
  }
  clear(): void {
    this.#session = undefined;
  }
}

/** Whether a handshake after a first one that has answered a request resumes it. */
export async function resumesTls(lab: Lab): Promise<boolean | undefined> {
  if (lab.peer.origin.scheme !== "https" || lab.peer.transport.can.tlsSessions !== true) return undefined;
  try {
    const again = await lab.open({ address: lab.addresses[0] });
    const resumed = again.socket?.tls?.resumed;
    again.close();
    return resumed;
  } catch {
    return undefined;
  }
}

/** What one address answers. */
export interface AddressAnswer {
  readonly address: string;
  readonly answer: Answer | undefined;
}

/** Asks each address once. */
export async function askAddresses(lab: Lab): Promise<AddressAnswer[]> {
  const addresses = lab.addresses.filter((address) => address !== undefined);
  const answers: AddressAnswer[] = [];
  if (addresses.length < 2) return answers;
  for (const address of addresses) answers.push(await askAddress(lab, address));
  return answers;
}

async function askAddress(lab: Lab, address: string): Promise<AddressAnswer> {
  try {
    const connection = await lab.open({ address });
    const outcome = await lab.ask(connection);
    connection.close();
    return { address, answer: outcome.kind === "answered" ? outcome.answer : undefined };
  } catch {
    return { address, answer: undefined };
  }
}

/** In what the addresses differ, in sentences. */
export function differences(answers: readonly AddressAnswer[]): string[] {
  const silent = answers.filter(({ answer }) => answer === undefined);
  const notes = silent.map(({ address }) => `The address ${address} does not answer.`);
  for (const name of ["server", "keep-alive", "connection"]) {
    const values = new Map<string, string>();
    for (const { address, answer } of answers)
      if (answer !== undefined) values.set(answer.field(name) ?? "nothing", address);
    if (values.size < 2) continue;
    const each = [...values].map(([value, address]) => `${address} says "${value}"`);
    notes.push(`The addresses differ in ${name}: ${each.join(", ")}.`);
  }
  return notes;
}

/** Limits of two addresses within this part of one another, or this many ms, are the same. */
const SAME_PART = 0.1;
const SAME_MS = 1000;

/** Whether the idle limit depends on the address, in a sentence. */
export function idleDifferences(samples: readonly Sample[]): string[] {
  const addresses = new Set(samples.map(({ address }) => address));
  const limits = [...addresses].flatMap((address) => {
    const { value } = findingOf(samples.filter((sample) => sample.address === address));
    return address === undefined || value === undefined ? [] : [{ address, value }];
  });
  const values = limits.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (limits.length < 2 || most - least < Math.max(SAME_MS, SAME_PART * most)) return [];
  const each = limits.map(({ address, value }) => `${Math.round(value / 100) / 10}s at ${address}`);
  return [`The addresses differ in how long they keep idle connections: ${each.join(", ")}.`];
}
