/** All scenarios over HTTP/2. */

import type { Scenario } from "../../harness/scenario.ts";
import { endingEarly } from "./ending-early.ts";
import { goaway } from "./goaway.ts";
import { messages } from "./messages.ts";
import { reach } from "./reach.ts";
import { settings } from "./settings.ts";
import { sharing } from "./sharing.ts";

export const overHttp2: Scenario[] = [messages, endingEarly, sharing, goaway, settings, reach].flat();
