/** Progress: tells on stderr how far a run is. */

import process from "node:process";
import { CLIENT_TITLES, type ClientName } from "./clients.ts";

/** Where nobody looks, a line each so many s. */
const SECONDS = 10;

/** Called about once a second with what a client has sent. On a terminal one line is written again and again. */
export function progressOf(before: string, requests: number): (client: ClientName, sent: number) => void {
  let calls = 0;
  return (client, sent) => {
    calls += 1;
    const line = `${before} ${CLIENT_TITLES[client]}: ${sent} of ${requests}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (calls % SECONDS === 0) process.stderr.write(`${line}\n`);
  };
}
