/** The example of docs/workers.md in workerd: its requests share a connection of the object. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { isNode, startWorkerd } from "./workerd.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the example's names lead in this repository. */
const SOURCES: Readonly<Record<string, string>> = {
  "@holdfast/pool": "mod.ts",
  "@holdfast/pool/hono": "src/hono/mod.ts",
  "@holdfast/pool/workers": "src/workers/mod.ts",
};

describe("examples/workers", { skip: !isNode && "started from Node", timeout: 120_000 }, () => {
  it("asks its API over one connection, and shows the pool", async () => {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
      response.end(request.url),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const text = readFileSync(`${root}examples/workers/worker.ts`, "utf8");
    await using workerd = await startWorkerd({
      source: text.replace("http://127.0.0.1:8080", `http://127.0.0.1:${port}`),
      objects: { API_POOL: "ApiPool" },
      plugins: [
        {
          name: "names of the package",
          setup: ({ onResolve }) =>
            onResolve({ filter: /^@holdfast\/pool/ }, ({ path }) => ({ path: root + SOURCES[path] })),
        },
      ],
    });
    const items = async (): Promise<readonly (string | null)[]> => {
      const response = await fetch(`${workerd.url}/items`);
      return [await response.text(), response.headers.get("x-connection-reused")];
    };
    assertEquals(
      [await items(), await items()],
      [
        ["/items", "false"],
        ["/items", "true"],
      ],
    );
    const [stats] = (await (await fetch(`${workerd.url}/pool`)).json()) as { opened: number }[];
    assertEquals(stats?.opened, 1);
    server.closeAllConnections();
    server.close();
  });
});
