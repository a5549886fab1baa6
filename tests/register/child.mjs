// Runs with @holdfast/pool/register as a preload. It never imports the package: it has only the global fetch.
const { ORIGIN, REGISTER } = process.env;
const show = (...values) => console.log(...values.map((value) => JSON.stringify(value)));

for (let request = 0; request < 2; request++) {
  const response = await fetch(ORIGIN);
  const { reused, requestNumber } = response.connection;
  show(response instanceof Response, await response.text(), reused, requestNumber);
}
show(await (await fetch("data:,own")).text(), typeof fetch.preconnect);

const { register, unregister } = await import(REGISTER);
const pool = register({ maxRequests: 1 });
await (await fetch(new Request(ORIGIN))).text();
const { value, source } = pool.explain(ORIGIN).rules.find(({ rule }) => rule === "idleTimeout");
show(pool.stats().opened, value, source);

// A program that wrapped the function keeps a working one.
const wrapped = fetch;
await unregister();
for (const one of [fetch, wrapped]) show((await one(ORIGIN)).connection === undefined);
await unregister();
