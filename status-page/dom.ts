/** DOM: short functions to find, make and fill elements. Text is set as text, never as markup. */

/** The element of index.html with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found as T;
}

/** A new element with text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = "",
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const created = document.createElement(name);
  created.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) created.setAttribute(attribute, value);
  return created;
}

/** Changes the text only where it differs: an unchanged node costs no layout, and keeps the user's selection. */
export function setText(node: Element | null | undefined, text: string): void {
  if (node && node.textContent !== text) node.textContent = text;
}

/** Gives `parent` one child per item: `make` makes missing ones, `fill` fills each. */
export function fillChildren<T>(
  parent: Element,
  items: readonly T[],
  make: () => Element,
  fill: (child: Element, item: T) => void,
): void {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  while (parent.children.length < items.length) parent.append(make());
  for (const [at, item] of items.entries()) {
    const child = parent.children[at];
    if (child) fill(child, item);
  }
}

/** Clears a canvas and gives it the resolution of the screen. */
export function cleared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d");
  // Also removes the clipping path of the previous drawing.
  context?.reset();
  context?.scale(ratio, ratio);
  return context;
}
