/**
 * Run by startup.test.ts on Deno: sends a first request to its own server, and prints which of Deno's globals were read until its
 * answer. Each of these loads a part of the Node layer.
 */

interface Listener {
  readonly addr: { readonly port: number };
  accept(): Promise<{
    read(bytes: Uint8Array): Promise<number | null>;
    write(bytes: Uint8Array): Promise<number>;
  }>;
}

interface DenoLike {
  listen(options: { hostname: string; port: number }): Listener;
  exit(code: number): never;
}

const { Deno } = globalThis as unknown as { readonly Deno: DenoLike };

const read: string[] = [];
for (const name of ["process", "Buffer", "setTimeout", "setInterval", "setImmediate"]) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      read.push(name);
      Object.defineProperty(globalThis, name, own);
      return Reflect.get(globalThis, name);
    },
  });
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
async function serve(): Promise<void> {
  const peer = await listener.accept();
  const bytes = new Uint8Array(1000);
  while ((await peer.read(bytes)) !== null)
    await peer.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
}
void serve();

/** What is put off waits for this, and not for a time: a busy machine may take longer to answer. */
const putOff: { readonly ms: number; readonly goOn: () => void }[] = [];
Object.assign(Atomics, {
  waitAsync: (_cell: Int32Array, _index: number, _value: number, ms: number) => ({
    value: new Promise<void>((goOn) => void putOff.push({ ms, goOn })),
  }),
});
Object.assign(AbortSignal, {
  timeout: (ms: number) => {
    const controller = new AbortController();
    putOff.push({ ms, goOn: () => controller.abort() });
    return controller.signal;
  },
});
const { createPool } = await import("../../mod.ts");

const url = `http://127.0.0.1:${listener.addr.port}/`;
const pool = createPool();
const asked = await (await pool.request(url)).text();
const before = [...read];
const waits = putOff.map(({ ms }) => ms);
for (const { goOn } of putOff) goOn();
await Promise.resolve();
console.log(JSON.stringify({ asked, before, waits, after: read }));
Deno.exit(0);
