/** The example of gRPC, run as users run it: the client on this runtime, the server of `@grpc/grpc-js` in a process of Node. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";
import { PATIENT } from "../support/patience.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/grpc.ts", import.meta.url));

/** The command that runs, on this runtime, a TypeScript file that imports the library by its name. */
function commandFor(script: string): [program: string, args: string[]] {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.deno !== undefined) return [process.execPath, ["run", "-A", "--no-check", script]];
  if (versions.bun !== undefined) return [process.execPath, [script]];
  return [process.execPath, ["--import", "tsx", script]];
}

const EXPECTED = `unary: {"text":"Hello Ada!"}
client stream: 10
server stream: [1,2,3,4,5]
both: ["one","two","three"]
many at once: 2450
large: 2000000
error at once: "3 A name, please – any"
error after messages: "15 Lost count"
unknown method: "12 The server does not implement the method /demo.Talk/Shout"
deadline: "4"
cancelled: "1 The caller cancelled"
what the server saw cancelled: ["Wait","Wait","Count"]
connections: 1
`;

describe("examples/grpc.ts", () => {
  it("makes calls of each kind to a server of @grpc/grpc-js", PATIENT, async () => {
    const server = spawn("node", ["--import", "tsx", EXAMPLE, "serve", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(server.stdout, "data")) as [Uint8Array];
      const [url = ""] = /http:\S+/.exec(new TextDecoder().decode(line)) ?? [];
      const [program, args] = commandFor(EXAMPLE);
      const { stdout } = await promisify(execFile)(program, [...args, url]);
      assertEquals(stdout, EXPECTED);
    } finally {
      server.kill();
    }
  });
});
