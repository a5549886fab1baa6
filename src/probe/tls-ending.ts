/**
 * TLS ending: whether a server says close_notify before it closes (RFC 8446 §6.1). Runtimes do not tell it from a bare FIN, so
 * the probe passes some of its connections through a port of this machine and looks at the records that come by.
 */

/** Passes the bytes of one connection on, in both directions. */
export interface Relay {
  /** The port of the loopback address that leads to the server. */
  readonly port: number;
  close(): void;
}

/** Opens a relay to a server for one connection. `watch` sees what the server sends. */
export type RelayOpener = (
  to: { readonly hostname: string; readonly port: number },
  watch: (bytes: Uint8Array) => void,
) => Promise<Relay>;

/** Types of records (RFC 8446 §5.1). */
const ALERT = 21;
const APPLICATION_DATA = 23;
/** Type, version and length. */
const RECORD_HEADER = 5;
/**
 * TLS 1.3 hides that a record is an alert, but not its length: two bytes, the hidden type, and the tag of the cipher (16 bytes, or
 * 8 with CCM_8). A quiet server sends nothing else of that size: a KeyUpdate has 22 bytes, and a ticket more.
 */
const HIDDEN_ALERTS: ReadonlySet<number> = new Set([2 + 1 + 16, 2 + 1 + 8]);

/** The records that a server sends, by their headers alone. */
export class TlsRecords {
  readonly #header: number[] = [];
  #left = 0;
  #type = 0;
  #length = 0;

  /** What came before is no ending: the connection is quiet from now on. */
  quiet(): void {
    this.#type = 0;
  }

  /** Whether the last record looks like an alert, which on a quiet connection is close_notify. */
  get saidGoodbye(): boolean {
    if (this.#type === ALERT) return true;
    return this.#type === APPLICATION_DATA && HIDDEN_ALERTS.has(this.#length);
  }

  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(this.#left, bytes.length - at);
      this.#left -= skipped;
      at += skipped;
      while (this.#left === 0 && at < bytes.length && this.#header.length < RECORD_HEADER)
        this.#header.push(bytes[at++] as number);
      if (this.#header.length === RECORD_HEADER) this.#begin();
    }
  }

  #begin(): void {
    const [type = 0, , , high = 0, low = 0] = this.#header;
    this.#header.length = 0;
    this.#type = type;
    this.#length = high * 256 + low;
    this.#left = this.#length;
  }
}
