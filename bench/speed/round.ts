/** Round: one measurement of one client, with the work of the origin for it, and the proof that it did what it says. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../scripts/entries.ts";
import { bundled } from "../../tests/support/bundled.ts";
import { ClientProcess } from "./client-process.ts";
import type { Launch, Measured } from "./launch.ts";
import { OPEN_REHEARSALS } from "./open-lengths.ts";
import { pinned } from "./runtimes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Origin, Usage } from "./start-origin.ts";
import type { Series } from "./summary.ts";

const CLIENT = join("bench", "speed", "client.ts");
const CA = join(root, "tests", "certs", "ca.pem");
const ca = readFileSync(CA, "utf8");
const ENVIRONMENT = { ...process.env, NODE_EXTRA_CA_CERTS: CA, DENO_CERT: CA, NODE_NO_WARNINGS: "1" };

/** Our own HTTP/1.1, as rows of the scenarios for HTTP/2, and the clients that these are. */
const HTTP1_KINDS: Readonly<Record<string, string>> = {
  "holdfast HTTP/1.1": "holdfast request",
  "holdfast fetch HTTP/1.1": "holdfast fetch",
};
const HTTP1_CONNECTIONS = 50;

/** How long a client warms up, and how long it is measured. */
export interface Lengths {
  readonly warmMs: number;
  readonly runMs: number;
}

/** The result of one round. */
export interface Round extends Measured {
  /** The share of its CPU core that the client used while it was measured. */
  readonly clientBusy: number;
  /** The share of its CPU core that the origin needed at that rate. */
  readonly originBusy: number;
  /** The share of answers whose connection resumed a TLS session. */
  readonly resumed: number;
}

/** The rounds of these series that go before the others and do not count. */
function rehearsalsOf(list: readonly Pick<Series, "arrivals">[]): number {
  return list.some(({ arrivals }) => arrivals !== undefined) ? OPEN_REHEARSALS : 0;
}

/**
 * Takes the rounds of all series in turn. Each has one process for all of its rounds, which is compiled and warm by then and does
 * nothing while it is not its turn; clients of many origins start anew, because they would find their connections closed. So do
 * those of other languages. `taken` is told of rehearsals, too.
 */
export async function takeRounds(
  list: readonly Series[],
  origin: Origin,
  { rounds, ...lengths }: Lengths & { readonly rounds: number },
  taken: (round: number) => void,
): Promise<void> {
  const clients = new Map<Series, ClientProcess>();
  const rehearsals = rehearsalsOf(list);
  for (let round = 1; round <= rehearsals + rounds; round++) {
    for (const one of turned(list, round - 1)) {
      if (one.failure === undefined) await takeRound(one, origin, lengths, clients);
      if (round <= rehearsals) one.rounds.length = 0;
    }
    taken(round);
  }
  for (const client of clients.values()) client.stop();
}

/** Each round begins with another one, so that nobody always comes behind the same neighbour's pause. */
function turned<Item>(list: readonly Item[], by: number): Item[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

async function takeRound(
  one: Series,
  origin: Origin,
  lengths: Lengths,
  clients: Map<Series, ClientProcess>,
): Promise<void> {
  const { runtime, kind, scenario } = one;
  const before = await origin.usage();
  const client = clients.get(one) ?? (await startClient(one, origin, lengths));
  clients.set(one, client);
  try {
    one.rounds.push(await measure(client, scenario, origin, before));
  } catch (error) {
    one.failure = error instanceof Error ? error.message : String(error);
    console.error(`${runtime.name}, ${kind}, ${scenario.name}: ${one.failure}`);
  }
  if (one.failure === undefined && scenario.origins === undefined && runtime.isOutside !== true) return;
  client.stop();
  clients.delete(one);
}

/** Starts the client of a series. It warms up at once, so that its first round must follow. */
async function startClient(series: Series, origin: Origin, lengths: Lengths): Promise<ClientProcess> {
  const program = await programOf(series);
  const command = [...program, JSON.stringify(launchOf(series, origin, lengths))];
  return new ClientProcess(pinned(0, command), ENVIRONMENT);
}

/**
 * On Node a client is one module, as npm's package and an application's bundle are: Node does not erase types of packages, and sources
 * with what erases them fill the heap that each collection marks.
 */
async function programOf({ checkout = root, runtime }: Series): Promise<readonly string[]> {
  const { name, version, command } = runtime;
  const client = join(checkout, CLIENT);
  if (!name.startsWith("Node ")) return [...command, client];
  return [...command.slice(0, 1), await bundled(pathToFileURL(client), version)];
}

/** One round of a client. @throws if a response was wrong or missing, or if the client did something else than the scenario says. */
async function measure(
  client: ClientProcess,
  scenario: Scenario,
  origin: Origin,
  before: Usage,
): Promise<Round> {
  const measured = await client.round();
  const after = await origin.usage();
  const counted = after.requests - before.requests;
  // nghttpd does not count.
  const served = Number.isNaN(counted) ? measured.answers : counted;
  const wrong = deception(scenario, measured.answers, served, difference(before, after));
  if (wrong !== undefined) throw new Error(wrong);
  const originMicros = (after.cpuMicros - before.cpuMicros) / served;
  const perMicro = measured.perSecond / 1e6;
  const clientBusy = measured.cpuMicros * perMicro;
  const resumed = (after.resumed - before.resumed) / served;
  return { ...measured, clientBusy, originBusy: originMicros * perMicro, resumed };
}

type Counted = Pick<Usage, "made" | "uploaded">;

function difference(before: Counted, after: Counted): Counted {
  return { made: after.made - before.made, uploaded: after.uploaded - before.uploaded };
}

/** What a form has besides its file: two fields, three heads, and boundaries. No client writes it shorter. */
const FORM_FRAME = 200;

/** A client may send again what got no answer for long, as ours does with a GET on a busy machine: rarely, and at its own cost. */
const SENT_TWICE = 0.01;

/** What the origin knows better than the client, or `undefined`. What a server does not count is not compared. */
export function deception(
  { upload, body, fresh }: Pick<Scenario, "upload" | "body" | "fresh">,
  answers: number,
  served: number,
  { made, uploaded }: Counted,
): string | undefined {
  if (served < answers || served > answers * (1 + SENT_TWICE))
    return `It says it got ${answers} answers, the origin gave ${served}`;
  if (fresh === true && made < answers)
    return `${answers} answers came on ${made} connections, not on a new one each`;
  const each = upload + (body === "form" ? FORM_FRAME : 0);
  const lacks = uploaded < each * served || (body !== "form" && uploaded > each * served);
  return lacks ? `${uploaded / served} bytes of body came with a request, not ${each}` : undefined;
}

function launchOf({ kind, scenario, arrivals }: Series, origin: Origin, lengths: Lengths): Launch {
  const {
    path,
    connections,
    read,
    expected,
    upload,
    tls,
    server,
    body = "stream",
    fresh,
    origins,
  } = scenario;
  const onHttp1 = HTTP1_KINDS[kind];
  return {
    kind: onHttp1 ?? kind,
    url: origin.url + path,
    connections: onHttp1 === undefined ? connections : HTTP1_CONNECTIONS,
    http2: server !== undefined && onHttp1 === undefined,
    read,
    expected,
    upload,
    body,
    ...(fresh === true ? { fresh } : {}),
    ...(origins === undefined ? {} : { urls: origin.urls.map((url) => url + path) }),
    ...(arrivals === undefined ? {} : { arrivals }),
    ca: tls ? ca : undefined,
    ...lengths,
  };
}
