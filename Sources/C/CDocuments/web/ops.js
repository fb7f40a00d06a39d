// For operators: Usher's health, in words and in numbers.

import { call, session } from "./api.js";
import { account, demo, ensureSignedIn, signOut } from "./account.js";
import { draw as drawSVG, make } from "./dom.js";
import { clockTime, count, number } from "./locale.js";
import { announce, readiness } from "./notices.js";
import { bookingsPanel } from "./ops-bookings.js";
import { logPanel } from "./ops-log.js";
import { words } from "./words.js";

const element = (id) => document.getElementById(id);
const interval = 2000;
/** An audit reads a whole event in both stores. */
const auditInterval = 20000;
/** Reading a larger event would block Redis: `reconcile` compares its counters, and `usher verify` all of it. */
const isBig = ({ held, sold }) => 2 * held + sold > 2000;
/** Ten minutes. */
const kept = 300;

const outcomes = {
  held: "held", replayed: "replayed (same key)", sold_out: "sold out", held_by_others: "held by others", seats_taken: "seats taken",
  no_adjacent: "no adjacent seats", limit: "customer limit", not_open: "sale not open", closed: "sale closed", event_cancelled: "event cancelled",
  key_reused: "key reused for another request", key_limit: "too many keys", mistaken: "malformed", failed: "stores unavailable",
};

const series = { claims: [], lag: [], held: [], sold: new Map() };
const copies = new Map();
const rows = new Map();
const drift = new Map();
let shown = [];
let was = "";

function keep(list, value) {
  list.push(value);
  if (list.length > kept) list.shift();
}

/** Draws a series, oldest value on the left. */
function draw(svg, values) {
  const top = Math.max(1, ...values);
  const place = (value, index) => `${(100 * index) / Math.max(1, values.length - 1)},${38 - (36 * value) / top}`;
  const line = values.map(place).join("L");
  const path = (d, name) => drawSVG("path", { d, class: name });
  svg.replaceChildren(...(values.length < 2 ? [] : [path(`M0,40L${line}L100,40Z`, "area"), path(`M${line}`)]));
}

// Health.

/** The state from `/readyz` in words for operators; empty if all is well. */
function health(ready) {
  if (!ready) return "The server cannot be reached.";
  const { redis, postgres, inventory } = ready.checks;
  if (redis !== "ok" && postgres !== "ok") return "Redis and PostgreSQL are down. Nothing can be booked until they are back; what was sold stays sold.";
  if (redis !== "ok") return "Redis is down. Nothing can be booked until it is back; what was sold stays sold, and Usher recovers by itself.";
  if (postgres !== "ok") return "PostgreSQL is down. Booking continues; confirmations are persisted when it is back.";
  if (inventory !== "ok") return "Redis is back, and the inventory is being validated against PostgreSQL. Booking continues in a moment.";
  return "";
}

async function verdict() {
  const ready = await readiness();
  const says = health(ready);
  const line = element("verdict");
  const text = says || "Everything works: Redis and PostgreSQL answer, and the inventory is validated.";
  if (line.textContent !== text) line.textContent = text;
  line.className = `verdict ${says ? (ready && ready.checks.redis === "ok" && ready.checks.postgres === "ok" ? "unknown" : "bad") : ""}`;
  if (was && !says) announce("Everything works again.");
  was = says;
}

// Access to the rest.

/** Tells a user who is not an administrator what is missing. */
function gate(isRefused = false) {
  const user = session.user;
  const isAdmin = session.isAdmin && !isRefused;
  element("gate").hidden = isAdmin;
  element("numbers").hidden = !isAdmin;
  const name = user && [user.name, user.email].filter(Boolean).join(", ");
  element("gate-text").textContent = user
    ? `You are signed in as ${name}, who is not an administrator. Numbers and bookings on this page are for administrators.`
    : "Numbers and bookings on this page are for administrators.";
  element("gate-sign-in").textContent = user ? "Sign in as somebody else" : "Sign in as administrator";
  return isAdmin;
}

async function enter() {
  if (session.user) await signOut();
  await ensureSignedIn("as an administrator");
}

// Numbers.

async function numbers() {
  if (!gate()) return;
  let now;
  try {
    now = await call("GET", "/v1/admin/overview");
  } catch (problem) {
    if (problem.status === 403) gate(true);
    element("since").textContent = problem.status === 401 ? words(problem) : "These are the latest numbers; new ones are not available at present.";
    return;
  }
  element("since").textContent = `As of ${clockTime(now.asOf)}, every two seconds.`;
  claims(now);
  outbox(now.outbox);
  if (now.events) events(now.events);
}

/** Each copy counts its own claims; a response comes from one copy. */
function claims(now) {
  const total = Object.values(now.claims).reduce((sum, one) => sum + one, 0);
  const at = performance.now();
  const before = copies.get(now.copy);
  const rate = before ? Math.max(0, (1000 * (total - before.total)) / (at - before.at)) : 0;
  copies.set(now.copy, { total, at, rate, claims: now.claims });
  const rates = [...copies.values()].filter((copy) => at - copy.at < 30000);
  const sum = rates.reduce((all, copy) => all + copy.rate, 0);
  keep(series.claims, sum);
  element("claims").textContent = sum >= 10 ? number(Math.round(sum)) : number(sum, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  draw(element("claims-line"), series.claims);
  const counted = {};
  for (const copy of copies.values()) for (const [name, times] of Object.entries(copy.claims)) counted[name] = (counted[name] ?? 0) + times;
  const most = Math.max(1, ...Object.values(counted));
  const listed = Object.entries(counted).filter(([name, times]) => times > 0 || name === "held" || name === "sold_out").sort((one, other) => other[1] - one[1]);
  element("outcomes").replaceChildren(...listed.map(([name, times]) => {
    const fill = make("span");
    fill.style.width = `${(100 * times) / most}%`;
    return make("li", {}, make("span", {}, outcomes[name] ?? name), make("span", { class: "track", "aria-hidden": "true" }, fill), make("span", {}, number(times)));
  }));
}

function outbox(outbox) {
  element("lag").textContent = outbox ? number(outbox.entries) : "–";
  element("lag-age").textContent = !outbox ? "not available at present" : outbox.entries ? `entries; the oldest has waited ${number(outbox.oldestMs / 1000, { maximumFractionDigits: 1 })} s` : "entries of the outbox: everything is persisted";
  if (outbox) keep(series.lag, outbox.entries);
  draw(element("lag-line"), series.lag);
}

function events(list) {
  shown = list;
  const known = list.filter((event) => event.counts);
  if (known.length) {
    const held = known.reduce((sum, event) => sum + event.counts.held, 0);
    keep(series.held, held);
    element("held").textContent = number(held);
    draw(element("held-line"), series.held);
  } else {
    element("held").textContent = "–";
    element("drift").textContent = "–";
    element("drift-hint").textContent = "not available at present";
    drift.clear();
  }
  for (const event of list) {
    if (!rows.has(event.id)) rows.set(event.id, row(event));
    fill(rows.get(event.id), event);
  }
  const wanted = list.map((event) => rows.get(event.id).root);
  if (wanted.some((root, index) => element("events").children[index] !== root)) element("events").replaceChildren(...wanted);
}

function row(event) {
  const parts = ["sold", "held", "blocked"].map((name) => make("span", { class: name }));
  const spark = drawSVG("svg", { class: "spark", viewBox: "0 0 100 40", preserveAspectRatio: "none", "aria-hidden": "true" });
  const text = make("p");
  const state = make("span", { class: "chip" }, "…");
  const root = make("article", { class: "event-row" },
    make("div", {}, make("h3", {}, make("a", { href: `/#/events/${event.number}` }, event.title))),
    make("div", {}, make("div", { class: "stack", "aria-hidden": "true" }, parts), text), spark, state);
  return { root, parts, text, spark, state };
}

function fill({ parts, text, spark, state }, event) {
  const counts = event.counts;
  if (!counts) {
    text.textContent = "not available at present";
  } else {
    parts.forEach((part) => { part.style.width = `${(100 * counts[part.className]) / Math.max(1, counts.capacity)}%`; });
    text.textContent = `${number(counts.sold)} sold · ${number(counts.held)} held · ${number(counts.available)} free${counts.blocked ? ` · ${number(counts.blocked)} blocked` : ""}`;
    if (!series.sold.has(event.id)) series.sold.set(event.id, []);
    keep(series.sold.get(event.id), counts.sold);
    draw(spark, series.sold.get(event.id));
  }
  const found = counts ? drift.get(event.id) : null;
  state.textContent = { ok: "in sync", drift: "drift", recovering: "recovering" }[found?.verdict] ?? (counts && isBig(counts) ? "big" : "not checked");
  state.className = `chip ${{ ok: "good", drift: "bad", recovering: "warn" }[found?.verdict] ?? ""}`;
}

// Compares both stores, one event after the other.

async function audit() {
  const known = shown.filter((one) => one.counts);
  const big = known.filter((one) => isBig(one.counts));
  for (const event of big) drift.delete(event.id);
  for (const event of known.filter((one) => !isBig(one.counts))) {
    if (!session.isAdmin) break;
    try {
      drift.set(event.id, await call("GET", `/v1/admin/audit/events/${event.id}`));
    } catch {
      drift.delete(event.id);
    }
    if (rows.has(event.id)) fill(rows.get(event.id), { ...event, counts: shown.find((one) => one.id === event.id)?.counts });
  }
  const reports = [...drift.values()];
  const differing = reports.filter((report) => report.verdict === "drift");
  element("drift").textContent = reports.length ? (differing.length ? count(differing.length, "event") : "none") : "–";
  element("drift-hint").textContent = differing.length ? differing.flatMap((report) => report.drift.map((entry) => entry.detail)).slice(0, 3).join("; ") : `Redis against PostgreSQL, ${count(reports.length, "event")} compared${big.length ? `; ${count(big.length, "big event")} by usher_drift_events and usher verify` : ""}`;
  setTimeout(audit, reports.length ? auditInterval : interval);
}

async function again(work, time) {
  try { await work(); } finally { setTimeout(() => again(work, time), time); }
}

const here = () => { account(() => location.reload()); numbers(); };
element("gate-sign-in").addEventListener("click", enter);
addEventListener("session", here);
account(() => location.reload());
element("numbers").append(bookingsPanel(), logPanel());
gate();
demo();
again(verdict, interval);
again(numbers, interval);
setTimeout(audit, 1500);
