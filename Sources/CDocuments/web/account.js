// Signing in and out, and the dialog for it.

import { call, make, session, words } from "./api.js";

const dialog = document.getElementById("sign-in");
const form = document.getElementById("sign-in-form");
const element = (id) => document.getElementById(id);
let isNew = false;
let settle = null;

/** What may be used for a demonstration; nothing outside of one. */
export const demonstration = { users: [], cards: [] };

/** The corner of the header. */
export function account(go) {
  const user = session.user;
  element("account").replaceChildren(...(user
    ? [make("span", { class: "who", title: user.email }, user.name || user.email), make("button", { class: "small", onclick: () => out(go) }, "Sign out")]
    : [make("button", { class: "small", onclick: () => ensureSignedIn("") }, "Sign in")]));
}

async function out(go) {
  const token = session.get()?.refreshToken;
  session.set(null);
  if (token) call("POST", "/v1/auth/logout", { body: { refreshToken: token } }).catch(() => {});
  go("#/");
}

/**
 * Lets the person sign in unless they have.
 *
 * @param why shown in the dialog.
 * @returns whether they have.
 */
export function ensureSignedIn(why) {
  if (session.user) return Promise.resolve(true);
  element("sign-in-why").textContent = why;
  mode(false);
  form.reset();
  dialog.showModal();
  return new Promise((done) => { settle = done; });
}

function mode(makesNew) {
  isNew = makesNew;
  element("sign-in-title").textContent = isNew ? "Make an account" : "Sign in";
  element("sign-in-go").textContent = isNew ? "Make account" : "Sign in";
  element("sign-in-switch").textContent = isNew ? "Have an account? Sign in" : "New here? Make an account";
  element("name-field").hidden = !isNew;
  element("password-hint").hidden = !isNew;
  element("password").autocomplete = isNew ? "new-password" : "current-password";
  element("sign-in-error").hidden = true;
}

async function go(event) {
  event.preventDefault();
  const body = { email: form.email.value.trim(), password: form.password.value };
  if (isNew) body.name = form.elements.name.value.trim();
  element("sign-in-go").disabled = true;
  try {
    const signed = await call("POST", `/v1/auth/${isNew ? "register" : "login"}`, { body });
    session.set(signed);
    dialog.close();
  } catch (problem) {
    const error = element("sign-in-error");
    error.textContent = words(problem);
    error.hidden = false;
    form.password.focus();
  } finally {
    element("sign-in-go").disabled = false;
  }
}

form.addEventListener("submit", go);
element("sign-in-switch").addEventListener("click", () => { mode(!isNew); (isNew ? element("name") : form.email).focus(); });
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { settle?.(Boolean(session.user)); settle = null; });

/** Asks what may be used for a demonstration, and offers it. */
export async function demo() {
  try {
    Object.assign(demonstration, await call("GET", "/v1/demo"));
  } catch {
    return;
  }
  if (!demonstration.users.length) return;
  const list = element("demo-users");
  list.hidden = false;
  list.replaceChildren(make("p", { class: "hint" }, "Demonstration: sign in as"),
    make("div", { class: "choices" }, demonstration.users.map((user) => make("button", {
      type: "button", class: "small",
      onclick: () => { mode(false); form.email.value = user.email; form.password.value = user.password; form.requestSubmit(); },
    }, user.name))));
}
