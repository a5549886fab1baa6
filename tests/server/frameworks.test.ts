/**
 * The examples of docs/server.md, as programs of their own: each framework's server has the rules, and ends by SIGTERM.
 * Express and Nest are skipped unless `npm run outside:sdks` has installed them. In a process with Node, as users run them.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { RawClient } from "../hono/support/raw-client.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { claimPort } from "../support/ports.ts";
import { has } from "../support/serve.ts";

const home = new URL("../outside/sdks/", import.meta.url);
const text = readFileSync(new URL("../../docs/server.md", import.meta.url), "utf8");

/** What stands around the example of each framework in a program. */
const PREAMBLES: Readonly<Record<string, { readonly needs?: string; readonly lines: string }>> = {
  Express: { needs: "express", lines: 'import express from "express";' },
  Fastify: { lines: 'import fastify from "fastify";' },
  Nest: {
    needs: "@nestjs/core",
    lines: `import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
class Hello { hello() { return "hello"; } }
Get()(Hello.prototype, "hello", Object.getOwnPropertyDescriptor(Hello.prototype, "hello"));
Controller()(Hello);
class AppModule {}
Module({ controllers: [Hello] })(AppModule);`,
  },
};

/** The five lines under a heading. */
function example(framework: string): string {
  const section = text.split(`\n## ${framework}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("```ts\n")[1]?.split("```")[0] ?? "";
}

/** How a program ended: by itself with this code, or by this signal. */
function ending({ exitCode, signalCode }: ChildProcess): number | string | undefined {
  return exitCode ?? signalCode ?? undefined;
}

async function connected(port: number, child: ChildProcess): Promise<RawClient> {
  for (;;) {
    const ended = ending(child);
    if (ended !== undefined) throw new Error(`The program ended: ${ended}`);
    const raw = await RawClient.open(port).catch(() => undefined);
    if (raw !== undefined) return raw;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Writes the program where the frameworks are installed. */
function written(framework: string, port: number): string {
  const file = fileURLToPath(new URL(`.examples/${framework.toLowerCase()}.ts`, home));
  mkdirSync(new URL(".examples/", home), { recursive: true });
  const library = 'import { behind, keepAliveServer } from "@holdfast/pool/server";';
  const lines = example(framework).replaceAll("8080", String(port));
  writeFileSync(file, `${PREAMBLES[framework]?.lines}\n${library}\n${lines}`);
  return file;
}

function reasonToSkip(needs: string | undefined): string | false {
  if (has.deno || has.bun) return "the program runs on Node";
  const isThere = needs === undefined || existsSync(new URL(`node_modules/${needs}`, home));
  return isThere ? false : `npm run outside:sdks installs ${needs}`;
}

describe("keepAliveServer() in the examples of docs/server.md", () => {
  for (const [framework, { needs }] of Object.entries(PREAMBLES)) {
    it(`gives ${framework} its rules, and ends it`, { ...PATIENT, skip: reasonToSkip(needs) }, async () => {
      assertEquals(example(framework).trim().split("\n").length <= 5, true);
      const { port, release } = await claimPort();
      const file = written(framework, port);
      const child = spawn(process.execPath, ["--import", "tsx", file], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      try {
        const raw = await connected(port, child);
        for (const _ of [1, 2]) {
          raw.get("/");
          const { status, body, headers } = await raw.response();
          assertEquals([status, body, headers.get("keep-alive")], [200, "hello", "timeout=64"]);
        }
        child.kill("SIGTERM");
        await raw.end();
        await eventually(() => ending(child) !== undefined, "the end of the program");
        assertEquals(ending(child), 0);
      } finally {
        child.kill("SIGKILL");
        rmSync(file, { force: true });
        await release();
      }
    });
  }
});
