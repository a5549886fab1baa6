/** Checked codec: wraps the `text` and `alloc` functions of a user's transport so that their faults are reported by name. */

import type { Alloc, TextCodec } from "../contract/transport.ts";
import { answerFault, thrownFault } from "../contract/user-functions.ts";

/** Wraps a text codec. The wrapper throws nothing but {@linkcode FunctionFault}. */
export function checkedText(text: TextCodec): TextCodec {
  const checked =
    (name: keyof TextCodec): TextCodec[typeof name] =>
    (bytes, start, end) => {
      let answer: unknown;
      try {
        answer = text[name](bytes, start, end);
      } catch (cause) {
        throw thrownFault(`transport.text.${name}`, cause);
      }
      if (typeof answer === "string") return answer;
      throw answerFault(`transport.text.${name}`, "a string", answer);
    };
  return { latin1: checked("latin1"), utf8: checked("utf8") };
}

/** Wraps an allocator. The wrapper throws nothing but {@linkcode FunctionFault}. */
export function checkedAlloc(alloc: Alloc): Alloc {
  return (length) => {
    let answer: unknown;
    try {
      answer = alloc(length);
    } catch (cause) {
      throw thrownFault("transport.alloc", cause);
    }
    if (answer instanceof Uint8Array && answer.length === length) return answer as Uint8Array<ArrayBuffer>;
    throw answerFault("transport.alloc", `a Uint8Array of ${length} bytes`, answer);
  };
}
