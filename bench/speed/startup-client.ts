/**
 * Startup client: sends one request as soon as its client is imported. Prints the ms since the start of the script. It imports
 * nothing before that, and asks Deno itself for its arguments: there `node:process` takes longer than the request.
 */

const startedAt = performance.now();

interface DenoLike {
  readonly args: readonly string[];
  exit(code: number): never;
}

const { Deno } = globalThis as { Deno?: DenoLike };
const [kind = "", url = "", module = ""] = Deno?.args ?? process.argv.slice(2);

async function first(): Promise<unknown> {
  switch (kind) {
    case "holdfast":
    case "holdfast, bundled": {
      const { createPool } = (await import(module)) as typeof import("../../mod.ts");
      return (await createPool().request(url)).text();
    }
    case "undici":
      return (await (await import("undici")).request(url)).body.text();
    case "axios":
      return (await import("axios")).default.get(url);
    case "ky":
      return (await import("ky")).default(url).text();
    case "node:http": {
      const { get } = await import("node:http");
      return new Promise((resolve) => get(url, (response) => response.resume().on("end", resolve)));
    }
    default:
      return (await fetch(url)).text();
  }
}

await first();
console.log(performance.now() - startedAt);
if (Deno === undefined) process.exit(0);
else Deno.exit(0);
