// For whoever runs Usher: how it is, in words and in numbers.

import { call, count, make, session, words } from "./api.js";
import { account, demo, ensureSignedIn } from "./account.js";
import { announce, health, readiness } from "./notices.js";

const element = (id) => document.getElementById(id);
const interval = 2000;
/** An audit reads all of an event in both stores. */
const auditInterval = 20000;
/** Reading a bigger event whole keeps Redis from everybody else: its counters are compared by `reconcile`, all of it by `usher verify`. */
const isBig = ({ held, sold }) => 2 * held + sold > 2000;
/** Ten minutes. */
const kept = 300;

const outcomes = {
  held: "held", replayed: "told again (same key)", sold_out: "sold out", held_by_others: "held by others", seats_taken: "seats taken",
  no_adjacent: "no adjacent seats", limit: "limit of a user", not_open: "sale not open", closed: "sale closed", event_cancelled: "event cancelled",
  key_reused: "key of another request", key_limit: "too many keys", mistaken: "malformed", failed: "stores away",
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

/** A line of what was, from the left to now. */
function draw(svg, values) {
  const top = Math.max(1, ...values);
  const place = (value, index) => `${(100 * index) / Math.max(1, values.length - 1)},${38 - (36 * value) / top}`;
  const line = values.map(place).join("L");
  const path = (d, name) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
    made.setAttribute("d", d);
    if (name) made.setAttribute("class", name);
    return made;
  };
  svg.replaceChildren(...(values.length < 2 ? [] : [path(`M0,40L${line}L100,40Z`, "area"), path(`M${line}`)]));
}

// How it is.

async function verdict() {
  const ready = await readiness();
  const says = health(ready);
  const line = element("verdict");
  const text = says || "Everything works: Redis and PostgreSQL answer, and every seat is accounted for.";
  if (line.textContent !== text) line.textContent = text;
  line.className = `verdict ${says ? (ready && ready.checks.redis === "ok" && ready.checks.postgres === "ok" ? "unknown" : "bad") : ""}`;
  if (was && !says) announce("Everything works again.");
  was = says;
}

// Numbers.

async function numbers() {
  const admin = session.isAdmin;
  element("gate").hidden = admin;
  element("numbers").hidden = !admin;
  if (!admin) return;
  let now;
  try {
    now = await call("GET", "/v1/admin/overview");
  } catch (problem) {
    element("since").textContent = problem.status === 403 || problem.status === 401 ? words(problem) : "The last numbers; new ones cannot be had at present.";
    return;
  }
  element("since").textContent = `As of ${new Date(now.asOf).toLocaleTimeString("en")}, every two seconds.`;
  claims(now);
  outbox(now.outbox);
  if (now.events) events(now.events);
}

/** Each copy counts its own; an answer is of one of them. */
function claims(now) {
  const total = Object.values(now.claims).reduce((sum, number) => sum + number, 0);
  const at = performance.now();
  const before = copies.get(now.copy);
  const rate = before ? Math.max(0, (1000 * (total - before.total)) / (at - before.at)) : 0;
  copies.set(now.copy, { total, at, rate, claims: now.claims });
  const rates = [...copies.values()].filter((copy) => at - copy.at < 30000);
  const sum = rates.reduce((all, copy) => all + copy.rate, 0);
  keep(series.claims, sum);
  element("claims").textContent = sum >= 10 ? Math.round(sum).toLocaleString("en") : sum.toFixed(1);
  draw(element("claims-line"), series.claims);
  const counted = {};
  for (const copy of copies.values()) for (const [name, number] of Object.entries(copy.claims)) counted[name] = (counted[name] ?? 0) + number;
  const most = Math.max(1, ...Object.values(counted));
  const listed = Object.entries(counted).filter(([name, number]) => number > 0 || name === "held" || name === "sold_out").sort((one, other) => other[1] - one[1]);
  element("outcomes").replaceChildren(...listed.map(([name, number]) => {
    const fill = make("span");
    fill.style.width = `${(100 * number) / most}%`;
    return make("li", {}, make("span", {}, outcomes[name] ?? name), make("span", { class: "track", "aria-hidden": "true" }, fill), make("span", {}, number.toLocaleString("en")));
  }));
}

function outbox(outbox) {
  element("lag").textContent = outbox ? outbox.entries.toLocaleString("en") : "–";
  element("lag-age").textContent = !outbox ? "cannot be asked at present" : outbox.entries ? `entries; the oldest waits for ${(outbox.oldestMs / 1000).toFixed(1)} s` : "entries of the outbox: all is written";
  if (outbox) keep(series.lag, outbox.entries);
  draw(element("lag-line"), series.lag);
}

function events(list) {
  shown = list;
  const known = list.filter((event) => event.counts);
  if (known.length) {
    const held = known.reduce((sum, event) => sum + event.counts.held, 0);
    keep(series.held, held);
    element("held").textContent = held.toLocaleString("en");
    draw(element("held-line"), series.held);
  } else {
    element("held").textContent = "–";
    element("drift").textContent = "–";
    element("drift-hint").textContent = "cannot be asked at present";
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
  const spark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["class", "spark"], ["viewBox", "0 0 100 40"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) spark.setAttribute(name, value);
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
    text.textContent = "cannot be asked at present";
  } else {
    parts.forEach((part) => { part.style.width = `${(100 * counts[part.className]) / Math.max(1, counts.capacity)}%`; });
    text.textContent = `${counts.sold.toLocaleString("en")} sold · ${counts.held.toLocaleString("en")} held · ${counts.available.toLocaleString("en")} free${counts.blocked ? ` · ${counts.blocked.toLocaleString("en")} blocked` : ""}`;
    if (!series.sold.has(event.id)) series.sold.set(event.id, []);
    keep(series.sold.get(event.id), counts.sold);
    draw(spark, series.sold.get(event.id));
  }
  const found = counts ? drift.get(event.id) : null;
  state.textContent = { ok: "in step", drift: "drift", recovering: "recovering" }[found?.verdict] ?? (counts && isBig(counts) ? "big" : "not checked");
  state.className = `chip ${{ ok: "good", drift: "bad", recovering: "warn" }[found?.verdict] ?? ""}`;
}

// Whether both stores say the same, one event after the other.

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
element("gate-sign-in").addEventListener("click", () => ensureSignedIn("Operations are for administrators."));
addEventListener("session", here);
account(() => location.reload());
demo();
again(verdict, interval);
again(numbers, interval);
setTimeout(audit, 1500);
