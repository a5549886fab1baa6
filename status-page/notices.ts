/** Notices: says whether the page is live, and if it is not, since when, why and what to do. */

import { byId, setText } from "./dom.ts";
import type { StreamState } from "./live-stream.ts";

/** Shown in the live region, which screen readers read out. It changes with the stream, not with each message. */
const STATUS: Readonly<Record<StreamState, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Lost, trying again",
  refused: "Not available",
  paused: "Paused",
};

const clock = new Intl.DateTimeFormat([], { timeStyle: "medium", hourCycle: "h23" });

/** Shows the state of the stream. `lastAt`: when the last message came, by the clock of the browser. */
export function showState(state: StreamState, lastAt: number | undefined): void {
  document.body.classList.remove("waiting");
  document.body.dataset.state = state;
  setText(byId("status"), STATUS[state]);
  byId("pause").setAttribute("aria-pressed", String(state === "paused"));
  const text = alertOf(state, lastAt);
  setText(byId("alert"), text);
  byId("alert").hidden = text === "";
}

function alertOf(state: StreamState, lastAt: number | undefined): string {
  const old = lastAt === undefined ? "" : ` What you see is from ${clock.format(lastAt)}.`;
  if (state === "lost") return `The server of this page does not answer.${old} The page tries again.`;
  if (state === "refused")
    return `The server refuses the events of this page: too many pages are open, or you are signed out.${old} It is tried again every 10 s.`;
  return "";
}

/** A policy of an outer middleware comes on top of the page's own. What it blocks is named, and what to allow. */
export function watchPolicy(): void {
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
    setText(
      byId("alert"),
      `A Content-Security-Policy blocks a part of this page (${effectiveDirective}). The outer middleware that sets it must allow 'self' there.`,
    );
    byId("alert").hidden = false;
  });
}
