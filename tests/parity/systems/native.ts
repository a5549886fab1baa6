/** Clients in Go and Rust. `--build` compiles them into `.cache/parity` if the compilers are installed. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "../../../scripts/entries.ts";
import type { Command } from "../driver.ts";
import { lineProgram, type Missing, type Program } from "../program.ts";
import type { System } from "./system.ts";
import { find } from "./tools.ts";

const CACHE = join(root, ".cache", "parity");
const PROGRAMS = join(root, "tests", "parity", "programs");

/** Time limit: Go first compiles its standard library, and cargo downloads reqwest's dependencies. */
const BUILD_MS = 300_000;

/** A program that has to be compiled. */
interface Build {
  readonly title: string;
  readonly binary: string;
  /** The sources. The binary must be newer than each of them. */
  readonly sources: readonly string[];
  readonly compiler: string | undefined;
  command(compiler: string): Command;
}

const goBuild: Build = {
  title: "Go",
  binary: join(CACHE, "go-client"),
  sources: [join(PROGRAMS, "go", "main.go")],
  compiler: find("go") ?? existing("/usr/local/go/bin/go"),
  command: (compiler) => [compiler, "build", "-C", join(PROGRAMS, "go"), "-o", join(CACHE, "go-client"), "."],
};

const CARGO_TARGET = join(CACHE, "reqwest");
const CARGO_MANIFEST = join(PROGRAMS, "reqwest", "Cargo.toml");

const reqwestBuild: Build = {
  title: "reqwest",
  binary: join(CARGO_TARGET, "debug", "parity-reqwest"),
  sources: ["src/main.rs", "Cargo.toml", "Cargo.lock"].map((name) => join(PROGRAMS, "reqwest", name)),
  compiler: find("cargo") ?? existing(join(homedir(), ".cargo", "bin", "cargo")),
  command: (compiler) => [
    compiler,
    "build",
    "--quiet",
    "--locked",
    "--manifest-path",
    CARGO_MANIFEST,
    "--target-dir",
    CARGO_TARGET,
  ],
};

export const go: System = {
  name: "go",
  title: "Go net/http",
  can: ["together", "methods", "origins"],
  tunes: {
    idleTimeoutMs: "idleConnTimeout",
    maxIdlePerOrigin: "maxIdleConnsPerHost",
    maxIdle: "maxIdleConns",
    maxConnectionsPerOrigin: "maxConnsPerHost",
  },
  start: (_, proxied) => startBuilt(goBuild, proxied),
};

export const reqwest: System = {
  name: "reqwest",
  title: "reqwest",
  versioned: true,
  can: ["together", "methods", "origins"],
  tunes: { idleTimeoutMs: "poolIdleTimeout", maxIdlePerOrigin: "poolMaxIdlePerHost" },
  closesLate: "its sweeper comes once in an idle timeout, so a connection may stay open for twice as long",
  start: (_, proxied) => startBuilt(reqwestBuild, proxied),
};

async function startBuilt(build: Build, proxied: boolean): Promise<Program | Missing> {
  if (isCurrent(build)) return await lineProgram([build.binary, ...(proxied ? ["proxied"] : [])]);
  const { compiler, title } = build;
  if (compiler === undefined) return { missing: `no compiler for ${title}` };
  return { missing: "not built: node --import tsx tests/parity/main.ts --build" };
}

function isCurrent({ binary, sources }: Build): boolean {
  return (
    existsSync(binary) && sources.every((source) => statSync(binary).mtimeMs >= statSync(source).mtimeMs)
  );
}

/** Builds outdated programs and prints the results. If a build fails, the system is skipped. */
export function buildAll(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const build of [goBuild, reqwestBuild]) console.log(`${build.title}: ${built(build)}`);
}

function built(build: Build): string {
  if (isCurrent(build)) return "is built";
  if (build.compiler === undefined) return "no compiler";
  const [file = "", ...args] = build.command(build.compiler);
  const { status, error } = spawnSync(file, args, {
    timeout: BUILD_MS,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return status === 0 ? "built" : `not built (${error?.message ?? `exit code ${status}`})`;
}

function existing(file: string): string | undefined {
  return existsSync(file) ? file : undefined;
}
