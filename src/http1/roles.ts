/** Roles: all that an exchange is to others: to the pool, the alarm, a signal, and the two halves of an attempt. */

import type { Timed } from "../pool/alarm.ts";
import type { Acquirer, ConnectionUser } from "../pool/connection.ts";
import type { Continuing } from "../pool/observers.ts";
import type { Abortable } from "./abort.ts";
import type { InboundOwner } from "./inbound.ts";
import type { UploadOwner } from "./upload.ts";
import type { Wire } from "./wire.ts";

/** What an exchange must answer to. */
export type Roles = Acquirer<Wire> &
  ConnectionUser &
  InboundOwner &
  UploadOwner &
  Abortable &
  Timed &
  Continuing;
