/** Run by connect.test.ts: opens a socket, and ends by itself unless the socket keeps the process alive. */

import { setTimeout } from "node:timers";
import { open, target, tls } from "./support.ts";

const [port, mode] = process.argv.slice(2);
const { socket, seen } = await open(target(Number(port), { tls: mode === "unref-tls" ? tls() : undefined }));
socket.write("hello");
await seen.until(() => seen.length === 5);
console.log(seen.text);
seen.closed = () => console.log("ended");
if (mode === "ref") setTimeout(() => socket.write("still here"), 50).unref();
else socket.ref(false);
