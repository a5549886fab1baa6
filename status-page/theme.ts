/** Theme: the colours of colours.css, for drawing on a canvas. They are light or dark, as the system asks. */

/** Colours, by their names in colours.css. */
export interface Theme {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly ground: string;
  readonly idle: string;
  /** In the order of BAR_RESULTS: running, answered, refused, failed. */
  readonly results: readonly [string, string, string, string];
  readonly series: readonly string[];
}

const SERIES = 8;

/** Reads the colours that are in force. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"),
    quiet: colour("quiet"),
    line: colour("line"),
    ground: colour("ground"),
    idle: colour("idle"),
    results: [colour("running"), colour("answered"), colour("refused"), colour("failed")],
    series: Array.from({ length: SERIES }, (_, at) => colour(`series-${at + 1}`)),
  };
}

/** Calls `changed` when the system changes between light and dark. */
export function onThemeChange(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
