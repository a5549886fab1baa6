/** Main: connects the stream of events, the model, and the parts of the page that show it. */

import type { StatusMessage } from "../src/hono/status/protocol.ts";
import { Charts } from "./charts.ts";
import { byId, setText } from "./dom.ts";
import { type LanesOptions, LanesView } from "./lanes-view.ts";
import { type LaneFilter, Model } from "./model.ts";
import { fillDetails, fillTables } from "./tables.ts";
import { onThemeChange, readTheme } from "./theme.ts";

/** Time between frames. Bars move by about a pixel in it. */
const FRAME_MS = 100;

/** The same for users who prefer reduced motion: about as often as messages arrive. */
const STILL_FRAME_MS = 1000;

const model = new Model();
let theme = readTheme();
const charts = new Charts(theme);
const view = new LanesView(model, readOptions(), (lane) => fillDetails(lane, model.now()));
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
let stream: EventSource | undefined;
let drawnAt = 0;

onThemeChange(() => {
  theme = readTheme();
  charts.paint(theme);
  charts.draw(model);
});
for (const id of ["origin", "state", "order", "span", "compact"]) {
  byId(id).addEventListener("change", () => view.show(readOptions()));
}
byId("pause").addEventListener("click", () => pause(stream !== undefined));
connect();
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

/** The status is a live region, which screen readers read out. It changes with the stream, not with each message. */
function connect(): void {
  const opened = new EventSource(new URL("events", import.meta.url));
  opened.addEventListener("snapshot", (event) => onMessage(event, true));
  opened.addEventListener("update", (event) => onMessage(event, false));
  opened.addEventListener("error", () =>
    showStatus(opened.readyState === EventSource.CLOSED ? "Not available" : "Lost, trying again"),
  );
  stream = opened;
}

function onMessage({ data }: MessageEvent<string>, isSnapshot: boolean): void {
  const message: StatusMessage = JSON.parse(data);
  model.apply(message, isSnapshot);
  showStatus("Live");
  fillTables(model);
  view.refresh();
  charts.draw(model);
}

function showStatus(status: string): void {
  setText(byId("status"), status);
}

/** While paused, the page receives nothing and time stands still. The next snapshot brings what it missed. */
function pause(paused: boolean): void {
  model.freeze(paused);
  byId("pause").setAttribute("aria-pressed", String(paused));
  stream?.close();
  stream = undefined;
  if (!paused) connect();
  showStatus(paused ? "Paused" : "Connecting");
}

function frame(at: number): void {
  requestAnimationFrame(frame);
  if (at - drawnAt < (reducedMotion.matches ? STILL_FRAME_MS : FRAME_MS)) return;
  drawnAt = at;
  view.draw(theme);
}
