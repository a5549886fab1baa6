/** Main: connects the stream of events, the model, and the parts of the page that show it. */

import { Charts } from "./charts.ts";
import { fillDetails } from "./details.ts";
import { byId } from "./dom.ts";
import { type LanesOptions, LanesView } from "./lanes-view.ts";
import { LiveStream } from "./live-stream.ts";
import { type LaneFilter, Model } from "./model.ts";
import { showState, watchPolicy } from "./notices.ts";
import { fillTables } from "./tables.ts";
import { onThemeChange, readTheme } from "./theme.ts";

/** Time between frames. Bars move by about a pixel in it. */
const FRAME_MS = 100;

/** The same for users who prefer reduced motion: about as often as messages arrive. */
const STILL_FRAME_MS = 1000;

watchPolicy();
const model = new Model();
let theme = readTheme();
const charts = new Charts(theme);
const view = new LanesView(model, readOptions(), (lane) => fillDetails(lane, model.now()));
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
let drawnAt = 0;
let messageAt: number | undefined;

const stream = new LiveStream(new URL("events", import.meta.url), {
  message(message, isSnapshot) {
    messageAt = Date.now();
    model.apply(message, isSnapshot);
    show();
  },
  // Where nothing comes, time stands still as well: lanes that go on would look alive.
  changed(state) {
    model.freeze(state !== "live");
    showState(state, messageAt);
  },
});

onThemeChange(() => {
  theme = readTheme();
  charts.paint(theme);
  charts.draw(model);
});
for (const id of ["origin", "state", "order", "span", "compact"]) {
  byId(id).addEventListener("change", () => view.show(readOptions()));
}
// While paused, the page receives nothing. The next snapshot brings what it missed.
byId("pause").addEventListener("click", () => {
  if (stream.state !== "paused") return stream.pause();
  showState("connecting", messageAt);
  stream.open();
});
showState("connecting", undefined);
stream.open();
requestAnimationFrame(frame);

function readOptions(): LanesOptions {
  const value = (id: string) => byId<HTMLSelectElement>(id).value;
  return {
    origin: value("origin"),
    state: value("state") as LaneFilter["state"],
    order: value("order") as LaneFilter["order"],
    spanMs: Number(value("span")),
    compact: byId<HTMLInputElement>("compact").checked,
  };
}

function show(): void {
  fillTables(model);
  view.refresh();
  charts.draw(model);
}

function frame(at: number): void {
  requestAnimationFrame(frame);
  if (at - drawnAt < (reducedMotion.matches ? STILL_FRAME_MS : FRAME_MS)) return;
  drawnAt = at;
  view.draw(theme);
}
