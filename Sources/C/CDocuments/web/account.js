// Signing in and out, with its dialog.

import { call, session } from "./api.js";
import { make } from "./dom.js";
import { show } from "./notices.js";
import { words } from "./words.js";

const dialog = document.getElementById("sign-in");
const form = document.getElementById("sign-in-form");
const element = (id) => document.getElementById(id);
let isNew = false;
let reasons = { old: "", new: "" };
let settle = null;

/** The payment provider, and test data for trying Usher out. */
export const demonstration = { paymentProvider: "", users: [], cards: [] };

/** Whether payments are simulated. */
export const isSimulated = () => demonstration.paymentProvider === "simulated";

/** Shows the user in the corner of the header. */
export function account(go) {
  const user = session.user;
  element("account").replaceChildren(...(user
    ? [make("a", { class: "who", href: "/#/account", title: `Your account: ${user.email}` }, user.name || user.email), make("button", { class: "small", onclick: () => signOut().then(() => go("#/")) }, "Sign out")]
    : [make("button", { class: "small", onclick: () => ensureSignedIn() }, "Sign in")]));
}

/** Ends this session, here and on the server. */
export async function signOut() {
  const token = session.get()?.refreshToken;
  session.set(null);
  if (token) call("POST", "/v1/auth/logout", { body: { refreshToken: token } }).catch(() => {});
}

/**
 * Asks the user to sign in, unless signed in already.
 *
 * @param purpose for the dialog's text, such as "to reserve your tickets".
 * @returns whether the user is signed in now.
 */
export function ensureSignedIn(purpose = "") {
  if (session.user) return Promise.resolve(true);
  reasons = purpose ? { old: `Sign in ${purpose}.`, new: `Create an account ${purpose}.` } : { old: "", new: "" };
  form.reset();
  mode(false);
  dialog.showModal();
  return new Promise((done) => { settle = done; });
}

function mode(createsAccount) {
  isNew = createsAccount;
  element("sign-in-title").textContent = isNew ? "Create account" : "Sign in";
  element("sign-in-why").textContent = isNew ? reasons.new : reasons.old;
  element("sign-in-go").textContent = isNew ? "Create account" : "Sign in";
  element("sign-in-switch").textContent = isNew ? "I have an account: sign in" : "New here? Create account";
  element("name-field").hidden = !isNew;
  element("password-hint").hidden = !isNew;
  element("password").autocomplete = isNew ? "new-password" : "current-password";
  fail("");
}

/** Shows an error at the input that it is about. */
function fail(text, input) {
  show(element("sign-in-error"), text);
  for (const one of [element("name"), element("email"), element("password")]) {
    if (one === input) one.setAttribute("aria-invalid", "true"); else one.removeAttribute("aria-invalid");
  }
  input?.focus();
}

/** Mistakes that can be found without the server. */
function mistake() {
  const password = element("password").value;
  if (isNew && !element("name").value.trim()) return ["Enter your name.", element("name")];
  if (!/^\S+@\S+$/.test(element("email").value.trim())) return ["Enter a complete e-mail address, such as ada@example.com.", element("email")];
  if (!password) return ["Enter your password.", element("password")];
  if (isNew && !goodPassword(password)) return ["The password needs at least 8 characters, with a letter and a digit.", element("password")];
  return null;
}

/** The API's password rule. */
export const goodPassword = (password) => [...password].length >= 8 && /\p{L}/u.test(password) && /\p{Nd}/u.test(password);

async function go(event) {
  event.preventDefault();
  const wrong = mistake();
  if (wrong) return fail(...wrong);
  const body = { email: element("email").value.trim(), password: element("password").value };
  if (isNew) body.name = element("name").value.trim();
  element("sign-in-go").disabled = true;
  try {
    session.set(await call("POST", `/v1/auth/${isNew ? "register" : "login"}`, { body }));
    dialog.close();
  } catch (problem) {
    const pointed = { "/name": element("name"), "/email": element("email") }[problem.body?.errors?.[0]?.pointer];
    fail(words(problem), pointed ?? (problem.code === "email-taken" ? element("email") : element("password")));
  } finally {
    element("sign-in-go").disabled = false;
  }
  return undefined;
}

form.addEventListener("submit", go);
element("sign-in-switch").addEventListener("click", () => { mode(!isNew); (isNew ? element("name") : element("email")).focus(); });
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { settle?.(Boolean(session.user)); settle = null; });
// Signed in in another tab: the dialog is no longer needed.
addEventListener("session", () => { if (session.user && dialog.open) dialog.close(); });

/** Loads the server's demonstration data, and shows it. */
export async function demo() {
  try {
    Object.assign(demonstration, await call("GET", "/v1/demo"));
  } catch {
    return;
  }
  const banner = element("simulated");
  if (banner) banner.hidden = !isSimulated();
  if (!demonstration.users.length) return;
  const list = element("demo-users");
  list.hidden = false;
  list.replaceChildren(make("p", { class: "hint" }, "Demonstration: sign in as"),
    make("div", { class: "choices" }, demonstration.users.map((user) => make("button", {
      type: "button", class: "small",
      onclick: () => { mode(false); element("email").value = user.email; element("password").value = user.password; form.requestSubmit(); },
    }, user.name))));
}
