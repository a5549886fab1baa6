/** Request reader: just enough HTTP for requests that we make ourselves. */

/** One request, reported when its head has arrived. */
export interface Head {
  readonly method: string;
  readonly index: number;
  readonly fault: string;
  readonly delayMs: number;
  readonly answerBytes: number;
  readonly client: number;
  readonly bodyBytes: number;
}

export interface Listener {
  head(head: Head): void;
  /** `received` bytes of the body have arrived, of `head.bodyBytes`. */
  body(head: Head, received: number): void;
}

/** Parses heads and bodies from the bytes of one connection. */
export class RequestReader {
  readonly #listener: Listener;
  #pending: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #received = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  feed(bytes: Buffer): void {
    let left = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    for (;;) {
      if (this.#head === undefined) {
        const end = left.indexOf("\r\n\r\n");
        if (end < 0) break;
        const head = parse(left.toString("latin1", 0, end));
        left = left.subarray(end + 4);
        this.#head = head;
        this.#received = 0;
        this.#listener.head(head);
      }
      const head = this.#head;
      const taken = Math.min(left.length, head.bodyBytes - this.#received);
      this.#received += taken;
      left = left.subarray(taken);
      if (this.#received === head.bodyBytes) this.#head = undefined;
      if (taken > 0 || head.bodyBytes === 0) this.#listener.body(head, this.#received);
      if (this.#head !== undefined || left.length === 0) break;
    }
    this.#pending = left;
  }
}

function parse(text: string): Head {
  const [start = "", ...fields] = text.split("\r\n");
  const [method = "", path = ""] = start.split(" ");
  // An S3 client puts the name of a bucket before, and a query behind.
  const [client, index, fault = "none", delayMs, answerBytes] =
    path.split("?", 1)[0]?.split("/").slice(-5) ?? [];
  let bodyBytes = 0;
  for (const field of fields) {
    if (/^transfer-encoding:/i.test(field)) throw new Error(`Not expected from any client: ${field}`);
    const [, length] = /^content-length:\s*(\d+)/i.exec(field) ?? [];
    if (length !== undefined) bodyBytes = Number(length);
  }
  return {
    method,
    client: Number(client),
    index: Number(index),
    fault,
    delayMs: Number(delayMs),
    answerBytes: Number(answerBytes),
    bodyBytes,
  };
}
