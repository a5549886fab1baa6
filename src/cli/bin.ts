#!/usr/bin/env node
/** Bin: what npm links as `holdfast`. */

import { main } from "./mod.ts";

main();
