/** DOM: short ways to what the page is made of. Text goes in as text, never as markup. */

/** The element with this id, which index.html has. */
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
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

/** Changes text only where it differs: an untouched node costs no layout, and keeps a selection. */
export function setText(node: Element | null | undefined, text: string): void {
  if (node && node.textContent !== text) node.textContent = text;
}

/** Has `parent` hold as many children as there are items, made by `make` and filled by `fill`. */
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

/** A canvas as sharp as the screen, cleared. */
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
  // With everything that was set before, a clipping path for one.
  context?.reset();
  context?.scale(ratio, ratio);
  return context;
}
