/** Local addresses: connections from an address that the machine has lost are not used again. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { AddressWatch } from "../../src/pool/local-addresses.ts";
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import { service } from "../support/service.ts";

describe("a machine that moves", () => {
  function moving(addresses: () => Iterable<string>) {
    let looks = 0;
    const localAddresses = () => {
      looks += 1;
      return addresses();
    };
    // Sockets of the transport in memory are from the address "memory".
    return { ...service({}, undefined, {}, { localAddresses }), looks: () => looks };
  }

  it("takes no idle connection from the address that it had", async () => {
    let addresses = ["192.0.2.1", "memory"];
    const { get, clock, retired } = moving(() => addresses);
    assertEquals(await get(), 1);
    await clock.advance(5000);
    assertEquals(await get(), 1);
    addresses = ["198.51.100.7"];
    await clock.advance(5000);
    assertEquals([await get(), retired()], [2, ["moved"]]);
  });

  it("is looked at once a second at most, and never for connections that are busy", async () => {
    const { get, clock, looks } = moving(() => ["memory"]);
    for (let count = 0; count < 20; count++) {
      await get();
      await clock.advance(500);
    }
    assertEquals(looks(), 0);
    for (let count = 0; count < 5; count++) {
      await clock.advance(1000);
      await get();
      await get("http://b.test");
    }
    assertEquals(looks(), 5);
  });

  it("concludes nothing from a function that fails or knows no address", async () => {
    const fails = (): string[] => {
      throw new Error("not today");
    };
    for (const addresses of [fails, () => []]) {
      const { get, clock } = moving(addresses);
      await get();
      await clock.advance(5000);
      assertEquals(await get(), 1);
    }
  });

  it("may have more addresses of the loopback than are listed", () => {
    const addresses = new AddressWatch(() => ["127.0.0.1"]);
    assertEquals(addresses.areWithout("127.0.0.2", 5000, 0), false);
    assertEquals(addresses.areWithout("10.0.0.1", 5000, 0), true);
  });

  it("has the addresses that the runtime lists", () => {
    for (const { localAddresses } of "Deno" in globalThis ? [denoTransport] : [nodeTransport, bunTransport])
      assertEquals([...(localAddresses?.() ?? [])].includes("127.0.0.1"), true);
  });

  const skip = "Deno" in globalThis ? "nothing can stand in for Deno on Deno itself" : false;
  it("are known on Deno if the program has got the permission, which it is not asked for", { skip }, () => {
    for (const state of ["prompt", "denied", "granted"]) {
      const networkInterfaces = () => [{ address: "10.0.0.7" }];
      const api = { permissions: { querySync: () => ({ state }) }, networkInterfaces };
      Object.assign(globalThis, { Deno: api });
      try {
        assertEquals(denoTransport.localAddresses?.(), state === "granted" ? ["10.0.0.7"] : undefined);
      } finally {
        Reflect.deleteProperty(globalThis, "Deno");
      }
    }
  });
});
