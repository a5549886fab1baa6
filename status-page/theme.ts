/** Theme: the colours of style.css, for what is drawn on a canvas; light or dark as the system asks. */

/** Colours by the names style.css gives them. */
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

/** The colours of now. */
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

/** Calls back when the system changes from light to dark, or back. */
export function onThemeChange(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
