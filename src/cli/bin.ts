#!/usr/bin/env node
/** Bin: the file that npm links as `holdfast`. */

import { main } from "./mod.ts";

main();
