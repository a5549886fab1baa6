/** The newest undici. */

import { createRequire } from "node:module";
import { Agent, request } from "undici";
import { serveUndici } from "./undici-cases.ts";

const { version } = createRequire(import.meta.url)("undici/package.json") as { version: string };

serveUndici(version, { Agent, request });
