// Talks to the API of the very server this page came from.

const stored = "usher.session";

/** Who is signed in; kept over reloads. */
export const session = {
  get() {
    try { return JSON.parse(localStorage.getItem(stored)); } catch { return null; }
  },
  set(value) {
    if (value) localStorage.setItem(stored, JSON.stringify(value)); else localStorage.removeItem(stored);
    dispatchEvent(new CustomEvent("session"));
  },
  get user() { return this.get()?.user ?? null; },
  get isAdmin() { return this.user?.roles.includes("admin") ?? false; },
};

/** An answer that is none of success: an RFC 9457 problem, or no answer at all (`code` is then `network`). */
export class Problem extends Error {
  constructor(status, body, retryAfter = 0) {
    super(body.detail ?? body.title ?? "");
    Object.assign(this, { status, body, code: body.code ?? "network", retryAfter });
  }
}

async function send(method, path, { body, key, headers = {} }) {
  const token = session.get()?.accessToken;
  const all = { ...headers };
  if (token) all.Authorization = `Bearer ${token}`;
  if (key) all["Idempotency-Key"] = key;
  if (body !== undefined) all["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { code: "network" });
  }
  const date = Date.parse(response.headers.get("Date") ?? "");
  // The header has whole seconds.
  if (date) clock.offset = date + 500 - Date.now();
  const text = await response.text();
  const json = text && /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
  if (!response.ok) throw new Problem(response.status, json ?? { code: "network" }, Number(response.headers.get("Retry-After")) || 0);
  return json;
}

let refreshing = null;

async function refresh() {
  const before = session.get();
  refreshing ??= send("POST", "/v1/auth/refresh", { body: { refreshToken: before.refreshToken } })
    .then((pair) => session.set({ ...before, ...pair, user: before.user }))
    .catch((problem) => { if (problem.status === 401) session.set(null); throw problem; })
    .finally(() => { refreshing = null; });
  await refreshing;
}

/** One request; an access token that has run out is renewed once. */
export async function call(method, path, options = {}) {
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.status !== 401 || !session.get()?.refreshToken || path.startsWith("/v1/auth/")) throw problem;
    await refresh();
    return await send(method, path, options);
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * A request that changes something, under one key: while the stores are away it is repeated, and whatever was done is
 * done once.
 */
export async function act(method, path, body, { tries = 5, waiting = () => {} } = {}) {
  const key = newKey();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(method, path, { body, key });
    } catch (problem) {
      const passing = problem.code === "network" || problem.status === 503 || problem.code === "idempotency-in-progress";
      if (!passing || attempt === tries) throw problem;
      waiting(problem);
      await pause(1000 * Math.max(1, problem.retryAfter));
    }
  }
}

/** Also outside of secure contexts, where there is no randomUUID. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The server's clock, as its answers tell it. */
export const clock = { offset: 0, now() { return Date.now() + this.offset; } };

/** What a problem means for the person in front of the page. */
export function words(problem) {
  const said = {
    "network": "The server does not answer. Please check your connection and try again.",
    "sold-out": "Sold out: there are not so many tickets left.",
    "held-by-others": "Everything left is in other people’s hands for the moment. Some of it may come back: please try again soon.",
    "seats-unavailable": "Somebody was faster: at least one of these seats has just been taken. The map shows what is free now.",
    "no-adjacent-seats": "No row has that many free seats next to each other. Try fewer, or choose them yourself.",
    "already-booked": "You already have a booking for this event; one is allowed each.",
    "ticket-limit": "That is more than one person may have for this event.",
    "sales-not-open": "The sale has not opened yet.",
    "sales-closed": "The sale is over.",
    "event-cancelled": "This event was cancelled.",
    "event-not-found": "There is no such event.",
    "booking-not-found": "There is no such booking of yours.",
    "hold-expired": "Your time ran out and the tickets went back on sale.",
    "invalid-credentials": "E-mail and password do not belong together.",
    "email-taken": "There is an account with this e-mail already.",
    "rate-limited": "Too many attempts. Please wait a moment.",
    "inventory-unavailable": "Booking pauses: a part of the system is away. Nothing was booked or charged; it comes back by itself.",
    "inventory-recovering": "Booking pauses while every seat is checked after an interruption. It goes on by itself in a moment.",
    "overloaded": "Very many people are here just now. Please try again in a moment.",
    "outcome-unknown": "It is not certain whether that worked. Please look at your bookings before you try again.",
    "extend-limit": "There is no more time to be had for this hold.",
    "unauthorized": "Please sign in again.",
    "forbidden": "This is for administrators.",
  };
  if (problem.code === "payment-declined") {
    const why = problem.body?.declineCode === "insufficient_funds" ? "there is not enough money on it" : "the bank said no";
    return `The card was declined: ${why}. You were not charged. Try another card while your tickets are held.`;
  }
  if (problem.code === "invalid-request") return problem.body?.errors?.map((error) => error.detail).join(" ") || problem.message;
  return said[problem.code] ?? problem.message ?? "Something went wrong.";
}

const amounts = new Map();

/** Minor units in words. */
export function money(amount, currency) {
  if (!amounts.has(currency)) amounts.set(currency, new Intl.NumberFormat("en", { style: "currency", currency }));
  const format = amounts.get(currency);
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A day and time where the reader is. */
export function when(text, style = { dateStyle: "full", timeStyle: "short" }) {
  return new Intl.DateTimeFormat("en", style).format(new Date(text));
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** An element: attributes, then children; listeners are functions named `on…`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
