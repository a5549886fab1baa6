/** How `upstream()` learns that its client has gone, without a server: from Node's response, or from the request's signal. */

import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ClientDisconnect, ClientGoneError } from "../../../src/hono/upstream/client-disconnect.ts";

/** Node's side of a request, as @hono/node-server passes it. */
function nodeSide() {
  const outgoing = Object.assign(new EventEmitter(), { destroyed: false, writableFinished: false });
  const incoming = { httpVersion: "1.1", httpVersionMajor: 1, socket: { destroyed: false } };
  return { outgoing, bindings: { incoming, outgoing } };
}

/** A request whose client goes away at `leave()`. */
function requestWithSignal() {
  const controller = new AbortController();
  const request = new Request("http://a.test/", { signal: controller.signal });
  return { request, leave: () => controller.abort("gone") };
}

describe("ClientDisconnect", () => {
  it("hears of it by the end of Node's response, and asks for no signal of the server", () => {
    const { outgoing, bindings } = nodeSide();
    const request = new Request("http://a.test/");
    Object.defineProperty(request, "signal", { get: () => assert(false, "the signal was asked for") });
    const disconnect = new ClientDisconnect(request, bindings);
    const signal = disconnect.signalOfOwnPool();
    let told = 0;
    signal?.addEventListener("abort", () => {
      told += 1;
    });
    assertEquals(signal?.aborted, false);
    outgoing.emit("close");
    assertEquals([told, signal?.aborted, signal?.reason instanceof ClientGoneError], [1, true, true]);
  });

  it("does not take the end of a response that was sent for it, nor what comes after the handler", () => {
    for (const [writableFinished, stopped] of [
      [true, false],
      [false, true],
    ]) {
      const { outgoing, bindings } = nodeSide();
      const disconnect = new ClientDisconnect(new Request("http://a.test/"), bindings);
      const signal = disconnect.signalOfOwnPool();
      Object.assign(outgoing, { writableFinished });
      if (stopped) disconnect.stop();
      outgoing.emit("close");
      assertEquals(signal?.aborted, false);
    }
  });

  it("hears of it by the request's signal elsewhere, until the handler has returned", () => {
    const { request, leave } = requestWithSignal();
    const disconnect = new ClientDisconnect(request, undefined);
    const signal = disconnect.signal(undefined);
    leave();
    assertEquals([signal?.aborted, signal?.reason instanceof ClientGoneError], [true, true]);
    const other = requestWithSignal();
    const ended = new ClientDisconnect(other.request, undefined);
    const unaffected = ended.signal(undefined);
    ended.stop();
    other.leave();
    assertEquals(unaffected?.aborted, false);
  });
});
