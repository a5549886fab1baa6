/**
 * Walk: writes the way of one request through the folders of `src/` into ARCHITECTURE.md, by sending one (walk/observe.ts).
 *
 * ```sh
 * node --import tsx scripts/walk.ts            # with `--check` it only says whether the document is up to date
 * ```
 */

import { readFileSync, writeFileSync } from "node:fs";
import { type Hop, type Leg, observe, roomOf, type Walk } from "./walk/observe.ts";

const FILE = new URL("../ARCHITECTURE.md", import.meta.url);
const SECTION = /(<!-- walk:[^>]*-->\n)[\s\S]*?(<!-- \/walk -->)/;

/** Hops in one room, one after the other. */
interface Visit {
  readonly room: string;
  readonly hops: readonly Hop[];
}

/** Rooms, files and functions, in their order. */
type Asked = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

function visitsOf(chain: readonly Hop[]): Visit[] {
  const visits: { room: string; hops: Hop[] }[] = [];
  for (const hop of chain) {
    const room = roomOf(hop.file);
    const last = visits.at(-1);
    if (last?.room === room) last.hops.push(hop);
    else visits.push({ room, hops: [hop] });
  }
  return visits;
}

/** Public functions of the rooms that are on neither chain. */
function askedOf({ ran }: Leg, passed: ReadonlySet<string>): Asked {
  const rooms = new Map<string, Map<string, string[]>>();
  for (const { file, name } of [...ran].sort((a, b) => a.file.localeCompare(b.file))) {
    const room = roomOf(file);
    if (passed.has(room) || !/^[a-z]\w*$/.test(name)) continue;
    const files = rooms.get(room) ?? new Map<string, string[]>();
    files.set(baseOf(file), [...(files.get(baseOf(file)) ?? []), name]);
    rooms.set(room, files);
  }
  return rooms;
}

function baseOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

/** Who calls whom, as Mermaid. Numbers are its own. */
function picture({ out, back, settled }: Walk, asked: readonly [Asked, Asked]): string[] {
  const [sent, parked, told] = [visitsOf(out.chain), visitsOf(back.chain), visitsOf(settled)];
  const rooms = [...new Set([...sent, ...parked, ...told].map(({ room }) => room))];
  const [first, lastOut] = [idOf(rooms[0]), idOf(sent.at(-1)?.room)];
  return [
    "```mermaid",
    "sequenceDiagram",
    "    autonumber",
    ...rooms.map((room) => `    participant ${idOf(room)} as ${room}`),
    ...arrows(sent),
    `    ${lastOut}->>transports: write`,
    `    Note over ${first},transports: asked on the way: ${[...asked[0].keys()].join(", ")}`,
    ...arrows(parked),
    `    Note over ${first},transports: asked on the way: ${[...asked[1].keys()].join(", ")}`,
    ...arrows(told).slice(-1),
    "```",
  ];
}

function arrows(visits: readonly Visit[]): string[] {
  return visits.slice(1).map(({ room, hops }, at) => {
    // Mermaid takes `#` for the beginning of a character's number.
    const name = hops[0]?.name.replace("#", "") ?? "";
    return `    ${idOf(visits[at]?.room)}->>${idOf(room)}: ${name}`;
  });
}

/** Mermaid's identifiers have neither hyphens nor slashes. */
function idOf(room = ""): string {
  return room.replace(/\W/g, "_");
}

function table(chain: readonly Hop[]): string[] {
  const rows = visitsOf(chain).map(({ room, hops }, at) => {
    const names = hops.map(({ file, name }, index) =>
      hops[index - 1]?.file === file ? name : `\`${baseOf(file)}\` ${name}`,
    );
    return `| ${at + 1} | \`${room}\` | ${names.join(" → ")} |`;
  });
  return ["| | folder | calls, one inside the other |", "|---|---|---|", ...rows];
}

function list(asked: Asked): string[] {
  return [...asked].map(([room, files]) => {
    const names = [...files].map(([file, functions]) => `\`${file}\` ${functions.join(", ")}`);
    return `- \`${room}\`: ${names.join("; ")}`;
  });
}

/** How often a chain comes into each room that it comes into more than once. */
function returns(chain: readonly Hop[]): string {
  const counts = new Map<string, number>();
  for (const { room } of visitsOf(chain)) counts.set(room, (counts.get(room) ?? 0) + 1);
  const more = [...counts].filter(([, count]) => count > 1);
  const others = more
    .map(([room, count]) => `\`${room}\` ${count === 2 ? "twice" : `${count} times`}`)
    .join(" and ");
  return more.length === 0 ? "Each folder is entered once." : `Each folder is entered once, but ${others}.`;
}

/** The whole section. */
function section(walk: Walk): string {
  const passed = new Set(
    [...walk.out.chain, ...walk.back.chain, ...walk.settled].map(({ file }) => roomOf(file)),
  );
  // Helpers of all folders, and the checks of a user's own transport and clock, which the built-in ones do not need.
  for (const room of ["contract", "options", "pool/connect"]) passed.add(room);
  const asked = [askedOf(walk.out, passed), askedOf(walk.back, passed)] as const;
  return [
    ...picture(walk, asked),
    "",
    `**Out**, from the call to the socket. ${returns(walk.out.chain)}`,
    "",
    ...table(walk.out.chain),
    "",
    "Asked on the way out:",
    "",
    ...list(asked[0]),
    "",
    `**Back to idle**, from the socket to the moment at which the connection waits for its next request. ${returns(walk.back.chain)}`,
    "",
    ...table(walk.back.chain),
    "",
    `**Back to the caller**, after that. ${returns(walk.settled)}`,
    "",
    ...table(walk.settled),
    "",
    "Asked on the way back:",
    "",
    ...list(asked[1]),
    "",
  ].join("\n");
}

const now = readFileSync(FILE, "utf8");
const text = section(await observe());
const wanted = now.replace(SECTION, (_, start: string, end: string) => `${start}${text}${end}`);
if (!process.argv.includes("--check")) writeFileSync(FILE, wanted);
else if (now !== wanted) {
  console.log(`ARCHITECTURE.md shows another walk than this one:\n\n${text}`);
  process.exitCode = 1;
}
