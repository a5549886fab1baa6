// Bundles bundled.mjs with webpack and with Vite, which are named on the command line, and runs what they made.
import { deepStrictEqual } from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const [webpackFile, viteFile] = process.argv.slice(2);
const { default: webpack } = await import(pathToFileURL(webpackFile));
const vite = await import(pathToFileURL(viteFile));

const stats = await promisify(webpack)({
  mode: "production",
  target: "node20",
  entry: "./bundled.mjs",
  experiments: { outputModule: true },
  output: { path: join(process.cwd(), "webpack"), filename: "bundled.mjs", module: true },
});
deepStrictEqual(stats.toJson({ all: false, errors: true, warnings: true }), { errors: [], warnings: [] });
await vite.build({
  logLevel: "warn",
  ssr: { noExternal: true },
  build: {
    ssr: "bundled.mjs",
    outDir: "vite",
    target: "node20",
    rollupOptions: { output: { entryFileNames: "bundled.mjs" } },
  },
});

const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
await once(server, "listening");
const env = { ...process.env, ORIGIN: `http://127.0.0.1:${server.address().port}/` };
for (const folder of ["webpack", "vite"]) {
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/bundled.mjs`], { env });
  deepStrictEqual(stdout, "200 hello ERR_CONNECT\n");
}
server.close();
server.closeAllConnections();
