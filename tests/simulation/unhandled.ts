/** Unhandled: watches for errors that nobody handles. In a simulated world there is no excuse for one. */

/** Where to report: the world that runs now. A late error is reported to the next world. */
let current: ((what: string) => void) | undefined;
const unreported: string[] = [];

function noticed(what: string): void {
  if (current === undefined) unreported.push(what);
  else current(what);
}

/** Calls `report` for each unhandled error from now on. While somebody watches, such errors do not end the process. */
export function watchUnhandled(report: (what: string) => void): () => void {
  if (current === undefined && !watching) watch();
  current = report;
  for (const what of unreported.splice(0)) report(`${what}, in the world before`);
  return () => {
    current = undefined;
  };
}

let watching = false;

function watch(): void {
  watching = true;
  process.on("unhandledRejection", (reason) => noticed(`a rejection was not handled: ${describe(reason)}`));
  process.on("uncaughtException", (error) => noticed(`an exception was not caught: ${describe(error)}`));
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}
