/** Greeting: the first request by each protocol. It shows which of them the server speaks. */

import type { TlsFacts } from "../contract/transport.ts";
import { resumesTls } from "./experiments/habits.ts";
import { Lab } from "./lab.ts";
import { type Answer, ProbeConnection } from "./probe-connection.ts";
import { checkAddresses, ProbeError } from "./probe-error.ts";
import { peerOf, type Subject } from "./probe-ground.ts";
import type { Http2Settings } from "./probe-http2.ts";
import type { ProtocolName } from "./probe-protocol.ts";
import type { Run } from "./run.ts";

/** The first answer by one protocol. */
export interface Greeting {
  readonly lab: Lab;
  readonly answer: Answer;
  readonly tls: TlsFacts | undefined;
  /** Whether a second handshake resumed the first. */
  readonly resumes: boolean | undefined;
  /** What was announced over HTTP/2. */
  readonly settings: Http2Settings | undefined;
}

/** What the server speaks, one of the two at least. */
export interface Spoken {
  readonly http1: Greeting | undefined;
  readonly http2: Greeting | undefined;
}

/** Answers that send the client elsewhere. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Asks by HTTP/1.1, and by HTTP/2 where the options allow it. @throws {ProbeError} if neither is answered. */
export async function greet(run: Run, given: Subject): Promise<Spoken> {
  const subject = { ...given, addresses: await reachable(run, given) };
  const http1 = await attempt(run, subject, "http/1.1");
  const http2 = mayAsk(run, subject) ? await attempt(run, subject, "h2") : undefined;
  if (http1 instanceof ProbeError) {
    if (http2 instanceof ProbeError && http2.isReached && !http1.isReached) throw http2;
    if (http2 === undefined || http2 instanceof ProbeError) throw http1;
    run.note("It speaks HTTP/2 only.");
    return { http1: undefined, http2 };
  }
  noteRedirect(run, http1.answer);
  if (http2 instanceof ProbeError && run.settings.http2 === "prior-knowledge")
    run.note(`It does not speak HTTP/2: ${http2.message}.`);
  return { http1, http2: http2 instanceof ProbeError ? undefined : http2 };
}

/**
 * The addresses that accept connections, if any does: `localhost` is often two, and a server listens at one of them. If none does,
 * all of them, so that what follows says why.
 */
async function reachable(run: Run, subject: Subject): Promise<readonly string[]> {
  const { addresses } = subject;
  if (addresses.length < 2) return addresses;
  const lab = new Lab(run, peerOf(subject, "http/1.1"), addresses);
  const failures = new Map<string, unknown>();
  for (const address of addresses) {
    const connection = await lab.open({ address }).catch((error: unknown) => error);
    if (connection instanceof ProbeConnection) connection.close();
    else failures.set(address, connection);
  }
  if (failures.size === addresses.length) return addresses;
  for (const [address, error] of failures)
    run.note(`The address ${address} cannot be reached: ${error instanceof Error ? error.message : error}.`);
  return addresses.filter((address) => !failures.has(address));
}

/** Without TLS only somebody who knows can say so. */
function mayAsk(run: Run, { origin, ground }: Subject): boolean {
  const { http2 } = run.settings;
  return origin.scheme === "https"
    ? http2 !== false && ground.transport.can.alpn
    : http2 === "prior-knowledge";
}

function noteRedirect(run: Run, { status, field }: Answer): void {
  if (REDIRECTS.has(status))
    run.note(`It redirects to ${field("location") ?? "nowhere"}, which was not followed.`);
}

async function attempt(run: Run, subject: Subject, protocol: ProtocolName): Promise<Greeting | ProbeError> {
  try {
    return await first(run, subject, protocol);
  } catch (error) {
    if (error instanceof ProbeError) return error;
    throw error;
  }
}

/** The first request. Where HEAD is refused, GET is used from then on. */
async function first(run: Run, subject: Subject, protocol: ProtocolName): Promise<Greeting> {
  const { key, scheme } = subject.origin;
  const lab = new Lab(run, peerOf(subject, protocol), subject.addresses);
  const connection = await lab.open().catch((error: unknown) => {
    throw ProbeError.unreachable(key, error);
  });
  const { socket } = connection;
  if (socket?.remoteAddress !== undefined) checkAddresses([socket.remoteAddress], run.settings.yes);
  if (protocol === "h2" && scheme === "https" && socket?.alpn !== "h2") {
    connection.close();
    throw new ProbeError(`${key} does not choose HTTP/2`);
  }
  const outcome = await lab.ask(connection);
  connection.close();
  if (outcome.kind === "ponged") throw new Error("Bug in Holdfast: a request was answered by a PING");
  if (outcome.kind !== "answered") throw ProbeError.noAnswer(key, outcome);
  const { answer } = outcome;
  if (run.settings.method === undefined && run.method === "HEAD" && isRefusal(answer.status)) {
    run.method = "GET";
    return await first(run, subject, protocol);
  }
  const { settings } = connection;
  return { lab, answer, tls: socket?.tls, resumes: await resumesTls(lab), settings };
}

function isRefusal(status: number): boolean {
  return status === 405 || status === 501;
}
