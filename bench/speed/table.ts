/** Table: rows as Markdown, and numbers for people. */

/** Cells from left to right. */
export type Row = readonly (string | number)[];

/** The first two columns are text. */
export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at < 2 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export const whole = (value: number): string => Math.round(value).toLocaleString("en");
export const times = (value: number): string => `${value.toFixed(2)} ×`;
