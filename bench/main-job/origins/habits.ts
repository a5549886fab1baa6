/** Habits: all origins of the main job, in the order of the table. */

import { announces } from "./announces.ts";
import { gateway } from "./gateway.ts";
import { http10, http10KeepAlive } from "./http10.ts";
import { lifetime } from "./lifetime.ts";
import { nginx } from "./nginx.ts";
import type { Habit } from "./origin.ts";
import { plain } from "./plain.ts";
import { silent } from "./silent.ts";
import { slow } from "./slow.ts";
import { tomcat } from "./tomcat.ts";

export const habits: readonly Habit[] = [
  plain,
  announces,
  silent,
  gateway,
  tomcat,
  lifetime,
  http10,
  http10KeepAlive,
  slow,
  nginx,
];
