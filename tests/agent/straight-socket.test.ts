/** What passes the stream of a socket by goes out in the order in which it was written, and as whole as the stream would write it. */

import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { StraightSocket, type WriteDone } from "../../src/agent/straight-socket.ts";

/** A socket whose peer takes all, or one piece at a time. */
class Noted extends StraightSocket {
  readonly told: string[] = [];
  takes = true;
  linked = true;
  #taken: WriteDone | undefined;

  constructor() {
    super({ allowHalfOpen: true });
    // As an agent makes one: there is nothing to wait for.
    Object.assign(this, { connecting: false });
    this.on("drain", () => this.told.push("drain"));
    this.on("error", () => {});
  }

  protected get isLinked(): boolean {
    return this.linked;
  }

  override put(head: string | Uint8Array, body: Uint8Array | undefined, done: WriteDone): void {
    const text = (piece: string | Uint8Array) =>
      typeof piece === "string" ? piece : `(${Buffer.from(piece)})`;
    this.told.push(text(head) + (body === undefined ? "" : text(body)));
    if (this.takes) done();
    else this.#taken = done;
  }

  accept(): void {
    const done = this.#taken;
    this.#taken = undefined;
    done?.();
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a straight socket", () => {
  it("passes a text on at once, and when it is uncorked", async () => {
    const socket = new Noted();
    const called: string[] = [];
    assertEquals(
      socket.write("a", "latin1", () => called.push("a")),
      true,
    );
    socket.cork();
    socket.cork();
    socket.write("é", "utf8", () => called.push("b"));
    socket.uncork();
    assertEquals(socket.told, ["a"]);
    socket.uncork();
    assertEquals([socket.told, called], [["a", "(é)"], []]);
    await tick();
    assertEquals(called, ["a", "b"]);
  });

  it("writes together what is written while it is corked", () => {
    const socket = new Noted();
    socket.cork();
    socket.write("head", "latin1");
    socket.write(Buffer.from("body"));
    socket.uncork();
    assertEquals(socket.told, ["head(body)"]);
    socket.cork();
    socket.write("1", "latin1");
    socket.write("2", "latin1");
    socket.write("3", "latin1");
    socket.uncork();
    assertEquals(socket.told, ["head(body)", "123"]);
  });

  it("says drain once all that was not taken is taken, in its order", async () => {
    const socket = new Noted();
    socket.takes = false;
    assertEquals(socket.write("first", "latin1"), false);
    socket.write(Buffer.from("second"));
    socket.write("third", "latin1");
    await tick();
    assertEquals(socket.told, ["first"]);
    socket.accept();
    assertEquals(socket.told, ["first", "(second)"]);
    socket.takes = true;
    socket.accept();
    await tick();
    assertEquals(socket.told.slice(0, 3), ["first", "(second)", "third"]);
    socket.takes = false;
    socket.write("fourth", "latin1");
    socket.accept();
    assertEquals(socket.told.at(-1), "drain");
  });

  it("writes what was corked before it ends", async () => {
    const socket = new Noted();
    socket.cork();
    socket.write("last", "latin1");
    socket.end();
    await tick();
    assertEquals(socket.told, ["last"]);
  });

  it("calls back with an error, if it is let go while it is corked", async () => {
    const socket = new Noted();
    const errors: unknown[] = [];
    socket.put = (_head, _body, done) => done(new Error("gone"));
    socket.cork();
    socket.write("lost", "latin1", (error: unknown) => errors.push(String(error)));
    socket.uncork();
    await tick();
    assertEquals(errors, ["Error: gone"]);
  });
});
