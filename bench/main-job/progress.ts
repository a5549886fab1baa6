/** Progress: one line that is overwritten on a terminal, and a line now and then elsewhere. */

export interface Progress {
  begin(title: string, planned: number, state: () => { done: number; failed: number }): void;
  end(): void;
}

export const silentProgress: Progress = { begin() {}, end() {} };

/** A terminal, or a file that is read later. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const TTY_MS = 100;
const LOG_MS = 5000;
const BAR = 24;

/** Shows progress on an output, which should not be the one of the results. */
export function progressOn(output: Output): Progress {
  const terminal = output.isTTY === true;
  let timer: ReturnType<typeof setInterval> | undefined;
  let show: () => void = () => {};
  return {
    begin(title, planned, state) {
      const startedAt = performance.now();
      show = () => {
        const line = progressLine(title, planned, { ...state(), elapsedMs: performance.now() - startedAt });
        output.write(terminal ? `\r${line.slice(0, (output.columns || 80) - 1)}\u001b[K` : `${line}\n`);
      };
      if (terminal) show();
      timer = setInterval(show, terminal ? TTY_MS : LOG_MS);
    },
    end() {
      clearInterval(timer);
      show();
      if (terminal) output.write("\n");
    },
  };
}

interface State {
  readonly done: number;
  readonly failed: number;
  readonly elapsedMs: number;
}

export function progressLine(title: string, planned: number, { done, failed, elapsedMs }: State): string {
  const share = planned === 0 ? 1 : done / planned;
  const bar = "█".repeat(Math.round(share * BAR)).padEnd(BAR, "░");
  const trouble = failed === 0 ? "" : `, ${failed} failed`;
  return `${title.padEnd(15)} ${bar} ${done}/${planned} requests, ${(elapsedMs / 1000).toFixed(0)} s${trouble}`;
}
