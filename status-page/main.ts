/** Main: joins the stream of events, the model and what shows it. */

import type { StatusMessage } from "../src/hono/status/protocol.ts";
import { Charts } from "./charts.ts";
import { byId, setText } from "./dom.ts";
import { type LanesOptions, LanesView } from "./lanes-view.ts";
import { type Choice, Model } from "./model.ts";
import { fillDetails, fillTables } from "./tables.ts";
import { onThemeChange, readTheme } from "./theme.ts";

/** Between frames: bars move by about a pixel. */
const FRAME_MS = 100;

/** For those who asked for less motion: no more than the messages bring. */
const STILL_FRAME_MS = 1000;

const model = new Model();
let theme = readTheme();
const charts = new Charts(theme);
const view = new LanesView(model, readOptions(), (lane) => fillDetails(lane, model.now()));
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
let stream: EventSource | undefined;
let drawnAt = 0;

onThemeChange(() => {
  theme = readTheme();
  charts.paint(theme);
  charts.draw(model);
});
for (const id of ["origin", "state", "order", "span", "compact"]) {
  byId(id).addEventListener("change", () => view.choose(readOptions()));
}
byId("pause").addEventListener("click", () => pause(stream !== undefined));
watch();
requestAnimationFrame(frame);

function readOptions(): LanesOptions {
  const value = (id: string) => byId<HTMLSelectElement>(id).value;
  return {
    origin: value("origin"),
    state: value("state") as Choice["state"],
    order: value("order") as Choice["order"],
    spanMs: Number(value("span")),
    compact: byId<HTMLInputElement>("compact").checked,
  };
}

/** The status is a live region: it changes only when the stream does, not with each message. */
function watch(): void {
  const opened = new EventSource(new URL("events", import.meta.url));
  opened.addEventListener("snapshot", (event) => told(event, true));
  opened.addEventListener("update", (event) => told(event, false));
  opened.addEventListener("error", () =>
    say(opened.readyState === EventSource.CLOSED ? "Not available" : "Lost, trying again"),
  );
  stream = opened;
}

function told({ data }: MessageEvent<string>, isSnapshot: boolean): void {
  const message: StatusMessage = JSON.parse(data);
  model.told(message, isSnapshot);
  say("Live");
  fillTables(model);
  view.refresh();
  charts.draw(model);
}

function say(status: string): void {
  setText(byId("status"), status);
}

/** Paused, nothing is asked for and time stands still; what is missed comes with the next snapshot. */
function pause(paused: boolean): void {
  model.freeze(paused);
  byId("pause").setAttribute("aria-pressed", String(paused));
  stream?.close();
  stream = undefined;
  if (!paused) watch();
  say(paused ? "Paused" : "Connecting");
}

function frame(at: number): void {
  requestAnimationFrame(frame);
  if (at - drawnAt < (stillness.matches ? STILL_FRAME_MS : FRAME_MS)) return;
  drawnAt = at;
  view.draw(theme);
}
