/** Colours: only for people. A pipe, a file and `NO_COLOR` (https://no-color.org) get plain text. */

import type { Variables } from "../register/variables.ts";

/** What is known of where the text goes. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
}

/** Whether text that goes there may have colours. */
export function takesColours({ isTTY }: Terminal, env: Variables): boolean {
  return isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}

/** The first line is what the text is about. */
export function withTitle(text: string): string {
  return text.replace(/^.+/, (line) => `\u001b[1m${line}\u001b[22m`);
}

/** The first line says what is wrong. */
export function withFault(text: string): string {
  return text.replace(/^.+/, (line) => `\u001b[31m${line}\u001b[39m`);
}
