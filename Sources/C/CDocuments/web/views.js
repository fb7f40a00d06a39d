// Parts shared by several views.

import { ensureSignedIn } from "./account.js";
import { make } from "./dom.js";
import { eventTime, visitorTime } from "./locale.js";

/** Replaces a view that requires signing in; the address stays, so that the view is shown after signing in. */
export function signInFirst(page, title, text) {
  page.title = title;
  page.root.append(make("h1", { tabindex: "-1" }, title), make("p", {}, text),
    make("div", { class: "actions" }, make("button", { class: "primary", onclick: () => ensureSignedIn() }, "Sign in")));
  return null;
}

/** When and where. */
export function facts(event) {
  const visitor = visitorTime(event, event.startsAt);
  return [
    make("p", { class: "quiet facts" }, [eventTime(event, event.startsAt), event.venue].filter(Boolean).join(" · ")),
    visitor ? make("p", { class: "quiet facts own-time" }, `Your time: ${visitor}`) : ""];
}

/** Lets the browser save a file. */
export function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
