/** The server of this runtime, Deno or Bun. The argument is the idle timeout in seconds. It ends with its standard input. */

import process from "node:process";

interface Runtimes {
  readonly Deno?: {
    readonly version: { readonly deno: string };
    serve(
      options: { port: number; hostname: string; onListen(): void },
      handler: () => Response,
    ): { addr: { port: number } };
  };
  readonly Bun?: {
    readonly version: string;
    serve(options: { port: number; hostname: string; idleTimeout: number; fetch: () => Response }): {
      port: number;
    };
  };
}

const { Deno, Bun } = globalThis as Runtimes;
const hostname = "127.0.0.1";
const respond = (): Response => new Response("ok");
const idleTimeout = Number(process.argv[2]);

if (Bun !== undefined) {
  const { port } = Bun.serve({ port: 0, hostname, idleTimeout, fetch: respond });
  console.log(JSON.stringify({ version: `Bun ${Bun.version}`, port }));
} else if (Deno !== undefined) {
  const { addr } = Deno.serve({ port: 0, hostname, onListen() {} }, respond);
  console.log(JSON.stringify({ version: `Deno ${Deno.version.deno}`, port: addr.port }));
}
process.stdin.on("end", () => process.exit(0)).resume();
