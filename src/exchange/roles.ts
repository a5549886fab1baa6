/** Roles: all that an exchange is to others: to the pool, the timer, a signal, and the two halves of an attempt. */

import type { Wire } from "../http1/wire.ts";
import type { Acquirer, ConnectionUser } from "../pool/connection.ts";
import type { DeliveryWaiter } from "../pool/observers.ts";
import type { Timed } from "../pool/timer.ts";
import type { Abortable } from "./abort.ts";
import type { ReceiverOwner } from "./receiver.ts";
import type { UploadOwner } from "./upload.ts";

/** What an exchange must answer to. */
export type Roles = Acquirer<Wire> &
  ConnectionUser &
  ReceiverOwner &
  UploadOwner &
  Abortable &
  Timed &
  DeliveryWaiter;
