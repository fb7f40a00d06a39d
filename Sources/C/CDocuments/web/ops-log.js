// For administrators: the audit log of who did what.

import { call } from "./api.js";
import { field, make } from "./dom.js";
import { when } from "./locale.js";
import { show } from "./notices.js";
import { words } from "./words.js";

const actors = { user: "user", service: "service", system: "system" };

/** The panel of the page. */
export function logPanel() {
  const actor = make("input", { id: "log-actor", autocomplete: "off" });
  const subject = make("input", { id: "log-subject", autocomplete: "off" });
  const action = make("input", { id: "log-action", autocomplete: "off" });
  const found = make("p", { class: "quiet", role: "status" });
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const list = make("ul", { class: "plain-rows log" });
  const more = make("div", { class: "actions" });

  async function load(cursor) {
    show(error, "");
    try {
      const fields = new URLSearchParams();
      for (const [name, input] of [["actor", actor], ["subject", subject], ["action", action]]) if (input.value.trim()) fields.set(name, input.value.trim());
      if (cursor) fields.set("cursor", cursor);
      const answer = await call("GET", `/v1/admin/audit-log?${fields}`);
      const rows = answer.data.map(entry);
      if (cursor) list.append(...rows); else list.replaceChildren(...rows);
      found.textContent = list.children.length ? "Newest first." : "No entries found.";
      more.replaceChildren(answer.nextCursor ? make("button", { onclick: () => load(answer.nextCursor) }, "Show more") : "");
    } catch (problem) {
      show(error, words(problem));
    }
  }

  return make("section", { class: "panel", "aria-labelledby": "log-title" }, make("h2", { id: "log-title" }, "Audit log"),
    make("p", { class: "quiet" }, "What administrators and services did, failed sign-ins, and refused administrative requests."),
    make("form", { class: "filters wide-filters", role: "search", "aria-label": "Audit log", onsubmit: (pressed) => { pressed.preventDefault(); load(null); } },
      field("Who (id)", actor), field("About (id)", subject), field("Action", action),
      make("div", { class: "actions" }, make("button", { class: "primary" }, "Show entries"))),
    error, found, list, more);
}

function entry(one) {
  const isRefused = one.outcome === "refused";
  const who = one.actor ? `${actors[one.actor.kind] ?? one.actor.kind}${one.actor.id ? ` ${one.actor.id}` : ""}` : "unknown";
  const changes = [["Before", one.before], ["After", one.after]].filter(([, value]) => value !== null && value !== undefined);
  return make("li", {}, make("div", {},
    make("p", {}, make("strong", {}, one.action), one.subject && ` · ${one.subject.kind} ${one.subject.id ?? ""}`, isRefused && make("span", { class: "chip bad" }, "refused")),
    make("p", { class: "hint" }, [when(one.at), who, one.address, one.reason && `“${one.reason}”`, one.requestId && `request ${one.requestId}`].filter(Boolean).join(" · ")),
    changes.length > 0 && make("details", {}, make("summary", {}, "What changed"),
      changes.map(([name, value]) => [make("h3", {}, name), make("pre", {}, JSON.stringify(value, null, 2))]).flat())));
}
