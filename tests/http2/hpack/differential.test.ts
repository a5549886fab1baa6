/** HPACK beside others: the encoder and the decoder of the HTTP/2 server that the runtime at hand has. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HpackEncoder } from "../../../src/http2/hpack/hpack-encoder.ts";
import { PATIENT } from "../../support/patience.ts";
import { Prng } from "../../support/prng.ts";
import { Peer } from "./peer.ts";
import { decoded, decoderOf, encoded, type Field } from "./support.ts";

const NAMES = ["accept", "etag", "x-a", "x-b", "user-agent", "x-long-name-that-nobody-else-has", "vary"];
const VALUES = ["", "1", "*/*", "gzip, deflate", "?".repeat(90), '"65abc-64"', "a=b; c=d", "{|}~^`"];

const ROUNDS = 200;

describe("HPACK, beside the runtime's own", () => {
  it(`is read as it is written, and reads what is written, in ${ROUNDS} exchanges`, PATIENT, async () => {
    const random = new Prng(7);
    const fieldsOf = (count: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: count }, () => [
          random.pick(NAMES) ?? "a",
          random.pick([...VALUES, `${random.below(1000)}`]) ?? "",
        ]),
      );
    const encoder = new HpackEncoder();
    const decoder = decoderOf();
    const peer = await Peer.open();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const asked = fieldsOf(random.below(7));
        const answer = fieldsOf(random.below(7));
        const request: Field[] = [
          [":method", random.among("GET", "POST")],
          [":scheme", "http"],
          [":path", `/${random.below(20)}`],
          [":authority", "a.test"],
          ...Object.entries(asked),
          ["x-answer", JSON.stringify(answer)],
        ];
        const block = encoded(encoder, request, random.among("index", "index", "index", "plain", "never"));
        const echo = await peer.exchange(block);
        assertEquals(echo.received, { ...asked, "x-answer": JSON.stringify(answer) });
        const fields = decoded(decoder, echo.block).filter(([name]) => name !== "date");
        assertEquals(Object.fromEntries(fields), { ":status": "200", ...answer });
      }
    } finally {
      peer.close();
    }
  });
});
