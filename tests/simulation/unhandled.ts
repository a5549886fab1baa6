/** Unhandled: watches for errors that nobody handles. In a simulated world there is no excuse for one. */

/** Where to report: the world that runs now. A late error is reported to the next world. */
let tell: ((what: string) => void) | undefined;
const untold: string[] = [];

function noticed(what: string): void {
  if (tell === undefined) untold.push(what);
  else tell(what);
}

/** Calls `told` for each unhandled error from now on. While somebody watches, such errors do not end the process. */
export function watchUnhandled(told: (what: string) => void): () => void {
  if (tell === undefined && !watching) watch();
  tell = told;
  for (const what of untold.splice(0)) told(`${what}, in the world before`);
  return () => {
    tell = undefined;
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
