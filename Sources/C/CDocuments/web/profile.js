// The signed-in user's account: password, sessions, data, deletion.

import { call, session } from "./api.js";
import { goodPassword } from "./account.js";
import { make, field } from "./dom.js";
import { when } from "./locale.js";
import { ask, show, toast } from "./notices.js";
import { save, signInFirst } from "./views.js";
import { words } from "./words.js";

export async function accountView(page) {
  page.title = "Your account";
  if (!session.user) return signInFirst(page, "Your account", "Sign in to see your account.");
  const user = await call("GET", "/v1/auth/me");
  const sessions = await sessionsPanel();
  page.root.append(
    make("h1", { tabindex: "-1" }, "Your account"),
    make("p", {}, make("strong", {}, user.name || user.email), user.name && make("span", { class: "quiet" }, ` ${user.email}`)),
    passwordPanel(user), sessions, dataPanel(), deletionPanel(page));
  return null;
}

const panel = (id, title, ...children) => make("section", { class: "panel", "aria-labelledby": id }, make("h2", { id }, title), ...children);

/** A form with its own error message; `work` may throw a problem. */
function form(fields, button, look, work) {
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const send = make("button", { class: look, type: "submit" }, button);
  return make("form", { class: "narrow", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    show(error, "");
    send.disabled = true;
    try {
      await work();
    } catch (problem) {
      show(error, problem.code === "invalid-credentials" ? "The present password is wrong." : words(problem));
    } finally {
      send.disabled = false;
    }
  } }, fields, error, make("div", { class: "actions" }, send));
}

const password = (id, isNew) => make("input", { id, type: "password", autocomplete: isNew ? "new-password" : "current-password", required: true });

function passwordPanel(user) {
  const present = password("present-password", false);
  const fresh = password("new-password", true);
  // Password managers need the account's name.
  const whose = make("input", { class: "unseen", autocomplete: "username", value: user.email, readonly: true, tabindex: "-1", "aria-hidden": "true", "aria-label": "E-mail" });
  return panel("password-title", "Password", make("p", { class: "quiet" }, "All other sessions end when you change it."),
    form([whose, field("Present password", present), field("New password", fresh, "At least 8 characters, with a letter and a digit.")], "Change password", "primary", async () => {
      if (!present.value) throw { code: "invalid-request", body: { errors: [{ pointer: "/currentPassword" }] } };
      if (!goodPassword(fresh.value)) throw { code: "invalid-request", body: { errors: [{ pointer: "/newPassword" }] } };
      const pair = await call("POST", "/v1/auth/password", { body: { currentPassword: present.value, newPassword: fresh.value } });
      session.set({ ...session.get(), ...pair });
      present.value = "";
      fresh.value = "";
      toast("Your password is changed.", "good");
      document.dispatchEvent(new Event("sessions"));
    }));
}

async function sessionsPanel() {
  const list = make("ul", { class: "plain-rows" });
  const others = make("button", { onclick: () => end("/v1/auth/sessions", "The other sessions have ended.") }, "End all other sessions");
  async function load() {
    const { data } = await call("GET", "/v1/auth/sessions");
    list.replaceChildren(...data.map((one) => make("li", {},
      make("span", {}, `Signed in ${when(one.createdAt)}`, make("span", { class: "quiet" }, one.current ? " · this session" : ` · last used ${when(one.lastUsedAt)}`)),
      !one.current && make("button", { class: "small", "aria-label": `End the session of ${when(one.createdAt)}`, onclick: () => end(`/v1/auth/sessions/${one.id}`, "The session has ended.") }, "End"))));
    others.hidden = data.filter((one) => !one.current).length === 0;
  }
  async function end(path, text) {
    try {
      await call("DELETE", path);
      await load();
      toast(text, "good");
      document.getElementById("sessions-title").focus();
    } catch (problem) {
      toast(words(problem), "bad");
    }
  }
  const again = () => { if (list.isConnected) load().catch(() => {}); else document.removeEventListener("sessions", again); };
  document.addEventListener("sessions", again);
  await load();
  return make("section", { class: "panel", "aria-labelledby": "sessions-title" }, make("h2", { id: "sessions-title", tabindex: "-1" }, "Sessions"),
    make("p", { class: "quiet" }, "Where you are signed in."), list, make("div", { class: "actions" }, others));
}

function dataPanel() {
  const button = make("button", { onclick: async () => {
    try {
      save(await call("GET", "/v1/auth/me/export", { file: true }), "usher-account.json");
    } catch (problem) {
      toast(words(problem), "bad");
    }
  } }, "Download my data");
  return panel("data-title", "Your data", make("p", { class: "quiet" }, "Everything that is stored about you, as a file (JSON)."), make("div", { class: "actions" }, button));
}

function deletionPanel(page) {
  const present = password("delete-password", false);
  return panel("delete-title", "Delete account",
    make("p", { class: "quiet" }, "Your name, e-mail address, password and sessions are erased. Bookings and payments stay without your name. Cancel bookings that you no longer want first: you cannot reach them afterwards."),
    form([field("Present password", present)], "Delete account", "danger", async () => {
      if (!present.value) throw { code: "invalid-request", body: { errors: [{ pointer: "/currentPassword" }] } };
      const sure = await ask("Delete your account?", "This cannot be undone.", [["yes", "Delete account", "danger"], ["no", "Keep it"]]);
      if (sure !== "yes") return;
      await call("DELETE", "/v1/auth/me", { body: { password: present.value } });
      session.set(null);
      toast("Your account is deleted.");
      page.go("#/");
    }));
}
