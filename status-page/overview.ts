/** Overview: a strip beside the lanes that shows every lane at once, and which of them are in view. A click goes there. */

import { drawLane } from "./bars.ts";
import { byId, cleared, setText } from "./dom.ts";
import { count } from "./format.ts";
import type { Lane } from "./model.ts";
import type { Theme } from "./theme.ts";

/** A lane is at most this high, or a few would fill the strip. */
const MOST_PX = 10;

/** The part of the list that is in view. */
export interface Shown {
  readonly from: number;
  readonly share: number;
}

/** The strip. */
export class Overview {
  readonly #column: HTMLElement = byId("overview-column");
  readonly #canvas: HTMLCanvasElement = byId<HTMLCanvasElement>("overview");

  /** `go` gets the place of a click, as a share of the list. */
  constructor(go: (share: number) => void) {
    const jump = ({ offsetY }: PointerEvent) => go(offsetY / Math.max(1, this.#canvas.clientHeight));
    this.#canvas.addEventListener("pointerdown", jump);
    this.#canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 1) jump(event);
    });
  }

  /** Draws one line per pixel at most: with a thousand lanes, some are left out. It hides where all lanes are in view. */
  draw(
    lanes: readonly Lane[],
    { from, share }: Shown,
    time: { now: number; spanMs: number },
    theme: Theme,
  ): void {
    this.#column.hidden = !(share < 1);
    if (this.#column.hidden) return;
    setText(byId("overview-label"), `All ${count(lanes.length)}`);
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = cleared(this.#canvas, width, height);
    if (context === null) return;
    const step = Math.max(1, height / lanes.length);
    for (let top = 0; top < height; top += step) {
      const lane = lanes[Math.floor((top / height) * lanes.length)];
      if (lane) drawLane(context, lane, { top, height: Math.min(step, MOST_PX), width, ...time }, theme);
    }
    // What is out of view is veiled, so that the part in view needs no frame to be seen.
    const [first, last] = [from * height, Math.min(1, from + share) * height];
    context.globalAlpha = 0.6;
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, width, first);
    context.fillRect(0, last, width, height - last);
    context.globalAlpha = 1;
    context.fillStyle = theme.text;
    for (const edge of [first, Math.max(first + 2, last - 2)]) context.fillRect(0, edge, width, 2);
  }
}
