/** Aborting works at once in every phase, with the reason of the signal, and leaves no listener behind. */

import process from "node:process";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import {
  BODY_FORMS,
  failure,
  pieces,
  retired,
  type Setup,
  scripted,
  serving,
  settled,
  utf8,
} from "./support.ts";

type Send = (at: Setup, signal: AbortSignal) => Promise<unknown>;

const SENDERS: Record<string, Send> = {
  "fetch()": ({ pool }, signal) => pool.fetch("http://a.test/", { signal }),
  "fetch() with a Request": ({ pool }, signal) => pool.fetch(new Request("http://a.test/", { signal })),
  "request()": ({ pool }, signal) => pool.request("http://a.test/", { signal }),
};

/** Reasons that a library might convert or wrap. */
const REASONS: unknown[] = [
  new Error("enough"),
  new TypeError("mine"),
  "a string",
  42,
  { any: "object" },
  null,
];

const tidy = ({ pool }: Setup): number[] => {
  const { active, queued, connecting } = pool.stats();
  return [active, queued, connecting];
};

/** A signal that counts its listeners. */
function counting(): { signal: AbortSignal; abort(reason?: unknown): void; listeners(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener(...args: Parameters<typeof addEventListener>) {
      listeners += 1;
      return addEventListener.apply(signal, args);
    },
    removeEventListener(...args: Parameters<typeof removeEventListener>) {
      listeners -= 1;
      return removeEventListener.apply(signal, args);
    },
  });
  return { signal, abort: (reason) => controller.abort(reason), listeners: () => listeners };
}

for (const [name, send] of Object.entries(SENDERS)) {
  describe(`${name}, aborted`, () => {
    it("before it begins, opens no socket", async () => {
      for (const reason of REASONS) {
        await using at = serving();
        const signal = AbortSignal.abort(reason);
        assertStrictEquals(await failure(send(at, signal)), signal.reason);
        assertEquals(at.transport.attempts, 0);
      }
    });

    it("while it connects, rejects with the reason untouched", async () => {
      for (const reason of REASONS) {
        await using at = serving(undefined, {}, { connect: () => "never" });
        const aborting = new AbortController();
        const failed = failure(send(at, aborting.signal));
        await settled();
        aborting.abort(reason);
        assertStrictEquals(await failed, reason);
        assertEquals([at.transport.attempts, at.pool.stats().active, at.pool.stats().queued], [1, 0, 0]);
      }
    });

    it("while it is queued, leaves the request alone that has the connection", async () => {
      await using at = scripted(() => {}, { maxConnectionsPerOrigin: 1 });
      const first = at.pool.request("http://a.test/first");
      await settled();
      const aborting = new AbortController();
      const failed = failure(send(at, aborting.signal));
      await settled();
      assertEquals(at.pool.stats().queued, 1);
      const reason = new Error("enough");
      aborting.abort(reason);
      assertStrictEquals(await failed, reason);
      assertEquals([at.pool.stats().queued, at.pool.stats().active], [0, 1]);
      at.transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
      assertEquals(await (await first).text(), "hi");
      assertEquals([at.transport.attempts, ...tidy(at)], [1, 0, 0, 0]);
    });

    it("while it waits for the head, closes the connection", async () => {
      for (const reason of REASONS) {
        await using at = scripted(() => {});
        const aborting = new AbortController();
        const failed = failure(send(at, aborting.signal));
        await settled();
        aborting.abort(reason);
        assertStrictEquals(await failed, reason);
        assertEquals([retired(at.events), tidy(at)], [["aborted"], [0, 0, 0]]);
        await settled();
        assertEquals(at.transport.peers[0]?.state, "aborted");
      }
    });

    it("with no reason given, rejects with the signal's AbortError", async () => {
      await using at = scripted(() => {});
      const aborting = new AbortController();
      const failed = failure(send(at, aborting.signal));
      await settled();
      aborting.abort();
      const error = await failed;
      assertStrictEquals(error, aborting.signal.reason);
      assertEquals((error as Error).name, "AbortError");
    });

    it("after all has arrived, fails the body of fetch, and leaves the connection alone", async () => {
      await using at = serving();
      const aborting = new AbortController();
      const response = (await send(at, aborting.signal)) as Response;
      const reason = new Error("enough");
      aborting.abort(reason);
      if (name === "request()") assertEquals(await response.text(), "hello");
      else assertStrictEquals(await failure(response.text()), reason);
      assertEquals([at.pool.stats().idle, retired(at.events)], [1, []]);
    });

    it("after the body was read, has no effect", async () => {
      await using at = serving();
      const aborting = new AbortController();
      const response = (await send(at, aborting.signal)) as Response;
      assertEquals(await response.text(), "hello");
      aborting.abort();
      assertEquals([at.pool.stats().idle, retired(at.events)], [1, []]);
    });
  });
}

describe("a body, aborted", () => {
  const partial = (): Setup =>
    scripted((peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")));

  it("while it is read whole, fails with the reason", async () => {
    for (const reason of REASONS) {
      for (const viaRequest of [false, true]) {
        await using at = partial();
        const aborting = new AbortController();
        const { signal } = aborting;
        const response = await (viaRequest
          ? at.pool.request("http://a.test/", { signal })
          : at.pool.fetch("http://a.test/", { signal }));
        const failed = failure(response.text());
        await settled();
        aborting.abort(reason);
        assertStrictEquals(await failed, reason);
        assertEquals([retired(at.events), tidy(at)], [["aborted"], [0, 0, 0]]);
      }
    }
  });

  it("before it is read, fails with the reason when it is read", async () => {
    const reason = new Error("enough");
    for (const viaRequest of [false, true]) {
      await using at = partial();
      const aborting = new AbortController();
      const { signal } = aborting;
      const response = await (viaRequest
        ? at.pool.request("http://a.test/", { signal })
        : at.pool.fetch("http://a.test/", { signal }));
      aborting.abort(reason);
      assertStrictEquals(await failure(response.text()), reason);
      assertEquals(tidy(at), [0, 0, 0]);
    }
  });

  it("while it is streamed, fails the stream and its copy", async () => {
    await using at = partial();
    const aborting = new AbortController();
    const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
    const copy = response.clone();
    const reader = response.body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "hello");
    const reason = new Error("enough");
    const failed = [failure(reader.read()), failure(copy.text())];
    await settled();
    aborting.abort(reason);
    for (const error of await Promise.all(failed)) assertStrictEquals(error, reason);
  });
});

describe("a body that has arrived, aborted before it is read", () => {
  const sizes = { small: "hello", large: "x".repeat(20_000) };
  for (const [size, body] of Object.entries(sizes)) {
    for (const [form, read] of Object.entries(BODY_FORMS)) {
      it(`(${size}) fails ${form}() with the reason`, async () => {
        await using at = serving(() => ({ body }));
        const aborting = new AbortController();
        const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
        await settled();
        const reason = new Error("enough");
        aborting.abort(reason);
        assertStrictEquals(await failure(read(response)), reason);
      });
    }

    it(`(${size}) fails a reader that was taken before`, async () => {
      await using at = serving(() => ({ body }));
      const aborting = new AbortController();
      const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
      await settled();
      const reader = response.body!.getReader();
      const reason = new Error("enough");
      aborting.abort(reason);
      assertStrictEquals(await failure(reader.closed), reason);
      assertStrictEquals(await failure(reader.read()), reason);
    });
  }

  it("fails a reader of a decoded body, and one of a clone", async () => {
    const coded = gzipSync("hello");
    for (const headers of [{}, { "Content-Encoding": "gzip" }]) {
      await using at = serving(() => ({ headers, body: "Content-Encoding" in headers ? coded : "hello" }));
      const aborting = new AbortController();
      const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
      await settled();
      const readers = [response.clone().body!.getReader(), response.body!.getReader()];
      const reason = new Error("enough");
      aborting.abort(reason);
      for (const reader of readers) assertStrictEquals(await failure(reader.read()), reason);
    }
  });

  it("is passed on whole although a clone of it was read", async () => {
    await using at = serving(() => ({ body: "hello" }));
    const response = await at.pool.fetch("http://a.test/", { signal: new AbortController().signal });
    await settled();
    assertEquals([await response.clone().text(), response.bodyUsed], ["hello", false]);
    assertEquals(await new Response(response.body).text(), "hello");
    assertEquals(response.bodyUsed, true);
    await assertRejects(() => response.text(), TypeError);
  });

  it("is at its end already if it is empty", async () => {
    await using at = serving(() => ({ body: "" }));
    const aborting = new AbortController();
    const response = await at.pool.fetch("http://a.test/", { signal: aborting.signal });
    const { body } = response;
    aborting.abort();
    assertEquals(await new Response(body).text(), "");
  });

  it("leaves no listener when it was read as a stream", async () => {
    for (const body of Object.values(sizes)) {
      await using at = serving(() => ({ body }));
      const { signal, listeners } = counting();
      const response = await at.pool.fetch("http://a.test/", { signal });
      await settled();
      assertEquals([(await new Response(response.body).text()).length, listeners()], [body.length, 0]);
    }
  });
});

describe("a source, aborted", () => {
  /** A stream that never gives anything, and the reasons for which it was cancelled. */
  const silent = (): { body: ReadableStream<Uint8Array>; cancelled: unknown[] } => {
    const cancelled: unknown[] = [];
    const body = new ReadableStream<Uint8Array>({ cancel: (reason) => void cancelled.push(reason) });
    return { body, cancelled };
  };
  const inits: Record<
    string,
    (body: ReadableStream<Uint8Array>, signal: AbortSignal) => Request | RequestInit
  > = {
    init: (body, signal) => ({ method: "PUT", body, duplex: "half", signal }) as RequestInit,
    "a Request": (body, signal) =>
      new Request("http://a.test/", { method: "PUT", body, duplex: "half", signal } as RequestInit),
  };
  for (const [where, make] of Object.entries(inits)) {
    const send = (at: Setup, given: Request | RequestInit): Promise<Response> =>
      given instanceof Request ? at.pool.fetch(given) : at.pool.fetch("http://a.test/", given);

    it(`before the call, in ${where}, is cancelled within it`, async () => {
      await using at = serving();
      const { body, cancelled } = silent();
      const reason = new Error("enough");
      const failed = failure(send(at, make(body, AbortSignal.abort(reason))));
      assertEquals(cancelled, [reason]);
      assertStrictEquals(await failed, reason);
    });

    it(`in the queue, in ${where}, is cancelled`, async () => {
      await using at = serving(undefined, {}, { connect: () => "never" });
      const { body, cancelled } = silent();
      const aborting = new AbortController();
      const failed = failure(send(at, make(body, aborting.signal)));
      await settled();
      const reason = new Error("enough");
      aborting.abort(reason);
      assertStrictEquals(await failed, reason);
      assertEquals(cancelled, [reason]);
    });
  }

  it("before the first call of a pool, is cancelled within the call", async () => {
    await using pool = createPool();
    const { body, cancelled } = silent();
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const failed = failure(pool.fetch("http://a.test/", { method: "PUT", body, duplex: "half", signal }));
    assertEquals(cancelled, [reason]);
    assertStrictEquals(await failed, reason);
  });

  it("that is a form in a Request, ends without a rejection that nobody handles", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", listener);
    for (const connect of ["accept", "never"] as const) {
      await using at = serving(undefined, {}, { connect: () => connect });
      for (const pieces of [0, 1, 5]) {
        const form = new FormData();
        for (let piece = 0; piece < pieces; piece++) form.append(`${piece}`, new Blob(["some"]), "name");
        const aborting = new AbortController();
        const request = new Request("http://a.test/", {
          method: "POST",
          body: form,
          signal: aborting.signal,
        });
        const failed = failure(at.pool.fetch(request));
        aborting.abort();
        assertEquals(((await failed) as Error).name, "AbortError");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    process.off("unhandledRejection", listener);
    assertEquals(unhandled, []);
  });

  it("that is shorter than its Content-Length says, ends without a rejection that nobody handles", async () => {
    await using at = serving();
    let unhandled: unknown;
    const note = (error: unknown): void => {
      unhandled = error;
    };
    process.on("unhandledRejection", note);
    const aborting = new AbortController();
    const headers = { "content-length": "5" };
    const init = { method: "POST", body: "four", headers, signal: aborting.signal };
    const failed = failure(at.pool.fetch(new Request("http://a.test/", init)));
    aborting.abort("enough");
    assertEquals(await failed, "enough");
    await settled();
    process.off("unhandledRejection", note);
    assertEquals([unhandled, at.requests.length], [undefined, 0]);
  });

  it("that is written whether or not it is read, as Node 24 writes a form, is not cancelled before its end", async () => {
    await using at = serving(undefined, {}, { connect: () => "never" });
    const written: string[] = [];
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (let piece = 0; piece < 5; piece++) {
          for (let tick = 0; tick < 10; tick++) await undefined;
          controller.enqueue(new Uint8Array(1));
        }
        controller.close();
        written.push("all");
      },
      cancel: () => void written.push("cancelled"),
    });
    const headers = { "content-type": "multipart/form-data; boundary=----formdata-undici-1" };
    const aborting = new AbortController();
    const request = { url: "http://a.test/", method: "POST", headers, body, signal: aborting.signal };
    const failed = failure(at.pool.fetch(request));
    aborting.abort();
    await failed;
    for (let waits = 0; waits < 50 && written.length === 0; waits++) await settled();
    assertEquals(written, ["all"]);
  });

  it("that has the type of a form of Node's and goes on, is cancelled all the same", async () => {
    await using at = serving(undefined, {}, { connect: () => "never" });
    const { body, cancelled } = silent();
    const headers = { "content-type": "multipart/form-data; boundary=----formdata-undici-1" };
    const aborting = new AbortController();
    const init = { method: "POST", body, headers, duplex: "half", signal: aborting.signal };
    const failed = failure(at.pool.fetch(new Request("http://a.test/", init as RequestInit)));
    const reason = new Error("enough");
    aborting.abort(reason);
    assertStrictEquals(await failed, reason);
    for (let waits = 0; waits < 50 && cancelled.length === 0; waits++) await settled();
    assertEquals(cancelled, [reason]);
  });

  it("is not locked by a call that is refused", async () => {
    await using at = serving();
    const wrong = [{ signal: "now" }, { redirect: "never" }];
    for (const init of wrong) {
      const request = new Request("http://a.test/", { method: "PUT", body: "x" });
      assertInstanceOf(await failure(at.pool.fetch(request, init as unknown as RequestInit)), TypeError);
      assertEquals(request.body?.locked, false);
    }
  });
});

describe("an upload, aborted", () => {
  it("cancels its stream with the reason and closes the connection", async () => {
    await using at = scripted(() => {});
    const cancelled: unknown[] = [];
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(utf8("x")),
        cancel: (reason) => void cancelled.push(reason),
      },
      { highWaterMark: 0 },
    );
    const aborting = new AbortController();
    const { signal } = aborting;
    const failed = failure(at.pool.fetch("http://a.test/", { method: "PUT", body, duplex: "half", signal }));
    await settled();
    const reason = new Error("enough");
    aborting.abort(reason);
    assertStrictEquals(await failed, reason);
    assertEquals([cancelled, retired(at.events), tidy(at)], [[reason], ["aborted"], [0, 0, 0]]);
  });

  it("of a Request whose first piece never comes, ends at once", async () => {
    await using at = serving();
    const body = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const aborting = new AbortController();
    const { signal } = aborting;
    const failed = failure(at.pool.fetch({ url: "http://a.test/", method: "PUT", body, signal }));
    await settled();
    const reason = new Error("enough");
    aborting.abort(reason);
    assertStrictEquals(await failed, reason);
    // Its body is read ahead for some turns, then a connection is opened: how far it gets depends on the machine.
    assertEquals([tidy(at), at.requests.length], [[0, 0, 0], 0]);
  });

  it("of a FormData ends at once: nothing is sent", async () => {
    await using at = serving();
    const aborting = new AbortController();
    const { signal } = aborting;
    const failed = failure(at.pool.fetch("http://a.test/", { method: "PUT", body: new FormData(), signal }));
    aborting.abort("enough");
    assertEquals([await failed, at.requests.length], ["enough", 0]);
  });
});

describe("a signal", () => {
  it("of AbortSignal.timeout rejects with its TimeoutError", async () => {
    for (const viaRequest of [false, true]) {
      await using at = scripted(() => {});
      const signal = AbortSignal.timeout(5);
      // A timeout signal may be unreferenced, and nothing else keeps this process alive.
      const alive = setInterval(() => {}, 1000);
      const error = await failure(
        viaRequest
          ? at.pool.request("http://a.test/", { signal })
          : at.pool.fetch("http://a.test/", { signal }),
      );
      clearInterval(alive);
      assertInstanceOf(error, DOMException);
      assertEquals(error.name, "TimeoutError");
      assertStrictEquals(error, signal.reason);
    }
  });

  it("shared by many requests has one listener while they run, and none afterwards", async () => {
    await using at = scripted(() => {}, { maxConnectionsPerOrigin: 50 });
    const { signal, listeners } = counting();
    const running = Array.from({ length: 50 }, (_, index) =>
      index % 2 === 0
        ? at.pool.request("http://a.test/", { signal })
        : at.pool.fetch("http://a.test/", { signal }),
    );
    await settled();
    assertEquals(listeners(), 1);
    for (const peer of at.transport.peers) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    for (const response of await Promise.all(running)) await response.text();
    assertEquals(listeners(), 0);
  });

  it("has no listener after a failure, a redirect, a refusal or an early abort", async () => {
    const { signal, listeners } = counting();
    await using broken = scripted((peer) => peer.onData(() => peer.reset()));
    await failure(broken.pool.fetch("http://a.test/", { signal }));
    await using moved = serving(({ path }) =>
      path === "/" ? { status: 302, headers: { Location: "/x" } } : {},
    );
    await moved.pool.fetch("http://a.test/", { signal });
    await failure(moved.pool.fetch("http://a.test/", { signal, redirect: "error" }));
    await failure(moved.pool.fetch("http://a.test/", { signal, body: "x" }));
    await moved.pool.fetch("http://a.test/", { signal, method: "PUT", body: new FormData() });
    await using down = serving(undefined, {}, { connect: () => "refused" });
    await failure(down.pool.request("http://a.test/", { signal }));
    assertEquals(listeners(), 0);
  });

  it("ends all requests that share it, each with the same reason", async () => {
    await using at = scripted(() => {}, { maxConnectionsPerOrigin: 3 });
    const { signal, abort } = counting();
    const failed = Array.from({ length: 10 }, () => failure(at.pool.fetch("http://a.test/", { signal })));
    await settled();
    const reason = new Error("all of them");
    abort(reason);
    for (const error of await Promise.all(failed)) assertStrictEquals(error, reason);
    assertEquals(tidy(at), [0, 0, 0]);
  });

  it("of null replaces the one of the Request", async () => {
    await using at = serving();
    const aborted = new Request("http://a.test/", { signal: AbortSignal.abort() });
    assertEquals((await at.pool.fetch(aborted, { signal: null })).status, 200);
  });

  it("of init replaces the one of the Request", async () => {
    await using at = scripted(() => {});
    const [first, second] = [new AbortController(), new AbortController()];
    const request = new Request("http://a.test/", { signal: first.signal });
    const failed = failure(at.pool.fetch(request, { signal: second.signal }));
    await settled();
    first.abort("not this one");
    await settled();
    assertEquals(at.pool.stats().active, 1);
    second.abort("this one");
    assertEquals(await failed, "this one");
  });

  it("aborted between two hops of a redirect ends the chain", async () => {
    const aborting = new AbortController();
    await using at = serving(({ path }) => {
      if (path === "/2") aborting.abort("enough");
      return { status: 302, headers: { Location: `/${Number(path.slice(1)) + 1}` } };
    });
    assertEquals(await failure(at.pool.fetch("http://a.test/1", { signal: aborting.signal })), "enough");
    assertEquals([at.requests.length, ...tidy(at)], [2, 0, 0, 0]);
  });

  it("of another library is recognised by its shape", async () => {
    await using at = scripted(() => {});
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      reason: undefined as unknown,
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    };
    const failed = failure(at.pool.request("http://a.test/", { signal: signal as unknown as AbortSignal }));
    await settled();
    signal.aborted = true;
    signal.reason = "foreign";
    for (const listener of listeners) listener();
    assertEquals(await failed, "foreign");
  });
});

describe("an upload that never got a connection", () => {
  it("does not touch its stream", async () => {
    await using at = serving(undefined, {}, { connect: () => "never" });
    const source = pieces(utf8("x"));
    const aborting = new AbortController();
    const failed = failure(
      at.pool.request("http://a.test/", { method: "PUT", body: source.stream, signal: aborting.signal }),
    );
    await settled();
    aborting.abort("enough");
    assertEquals([await failed, source.taken(), source.stream.locked], ["enough", 0, false]);
  });
});
