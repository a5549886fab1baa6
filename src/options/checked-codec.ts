/** Checked codec: wraps the `text` and `alloc` functions of a user's transport so that their faults are reported by name. */

import type { Alloc, TextCodec } from "../contract/transport.ts";
import { returnFault, thrownFault } from "../contract/user-functions.ts";

/** Wraps a text codec. The wrapper throws nothing but {@linkcode FunctionFault}. */
export function checkedText(text: TextCodec): TextCodec {
  const checked =
    (name: keyof TextCodec): TextCodec[typeof name] =>
    (bytes, start, end) => {
      let value: unknown;
      try {
        value = text[name](bytes, start, end);
      } catch (cause) {
        throw thrownFault(`transport.text.${name}`, cause);
      }
      if (typeof value === "string") return value;
      throw returnFault(`transport.text.${name}`, "a string", value);
    };
  return { latin1: checked("latin1"), utf8: checked("utf8") };
}

/** Wraps an allocator. The wrapper throws nothing but {@linkcode FunctionFault}. */
export function checkedAlloc(alloc: Alloc): Alloc {
  return (length) => {
    let value: unknown;
    try {
      value = alloc(length);
    } catch (cause) {
      throw thrownFault("transport.alloc", cause);
    }
    if (value instanceof Uint8Array && value.length === length) return value as Uint8Array<ArrayBuffer>;
    throw returnFault("transport.alloc", `a Uint8Array of ${length} bytes`, value);
  };
}
