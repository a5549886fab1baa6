/** undici 7, which Node 24's `fetch` uses. */

import { createRequire } from "node:module";
import { Agent, request } from "undici7";
import { serveUndici, type UndiciModule } from "./undici-cases.ts";

const { version } = createRequire(import.meta.url)("undici7/package.json") as { version: string };

serveUndici(version, { Agent, request } as unknown as UndiciModule);
