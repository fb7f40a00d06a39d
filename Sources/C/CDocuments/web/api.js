// Client of the API on the server that this page came from.

const stored = "usher.session";

/** The signed-in user's session; survives reloads, and is shared by all tabs. */
export const session = {
  get() {
    try { return JSON.parse(localStorage.getItem(stored)); } catch { return null; }
  },
  set(value) {
    if (value) localStorage.setItem(stored, JSON.stringify(value)); else localStorage.removeItem(stored);
    dispatchEvent(new Event("session"));
  },
  get user() { return this.get()?.user ?? null; },
  get isAdmin() { return this.user?.roles.includes("admin") ?? false; },
};

// Another tab has signed in or out.
addEventListener("storage", (event) => {
  if (event.key === stored || event.key === null) dispatchEvent(new Event("session"));
});

/** A refusal: an RFC 9457 problem, or no response (`code` is then `network`). */
export class Problem extends Error {
  constructor(status, body, retryAfter = 0) {
    super(body.detail ?? body.title ?? "");
    Object.assign(this, { status, body, code: body.code ?? "network", retryAfter });
  }
}

async function send(method, path, { body, key, headers = {}, file = false }) {
  const token = session.get()?.accessToken;
  const all = { ...headers };
  if (token) all.Authorization = `Bearer ${token}`;
  if (key) all["Idempotency-Key"] = key;
  if (body !== undefined) all["Content-Type"] = "application/json";
  let response;
  const sent = Date.now();
  try {
    response = await fetch(path, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { code: "network" });
  }
  clock.learn(Date.parse(response.headers.get("Date") ?? ""), sent, Date.now());
  if (response.ok && file) return response.blob();
  const text = await response.text();
  const json = text && /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
  if (!response.ok) throw new Problem(response.status, json ?? { code: "network" }, Number(response.headers.get("Retry-After")) || 0);
  return json;
}

let refreshing = null;

async function refresh(before) {
  refreshing ??= send("POST", "/v1/auth/refresh", { body: { refreshToken: before.refreshToken } })
    .then((pair) => session.set({ ...before, ...pair, user: pair.user ?? before.user }))
    .catch((problem) => {
      // Another tab may have renewed the session, or signed out, in the meantime.
      if (session.get()?.refreshToken !== before.refreshToken) return;
      if (problem.status === 401) session.set(null);
      throw problem;
    })
    .finally(() => { refreshing = null; });
  await refreshing;
}

/**
 * Sends one request; an expired access token is renewed once.
 *
 * @param options.file whether to return the response as a file (a `Blob`) instead of JSON.
 */
export async function call(method, path, options = {}) {
  const before = session.get();
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.code !== "unauthorized" || !before?.refreshToken) throw problem;
    if (session.get()?.accessToken === before.accessToken) await refresh(before);
    return await send(method, path, options);
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A request that changes something, with one key: retried while the stores are unavailable, and applied once. */
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

/** Works outside of secure contexts, too, where there is no randomUUID. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The server's clock. A response's `Date` has whole seconds: each response narrows the possible clock difference.
 */
export const clock = {
  least: -Infinity,
  most: Infinity,
  learn(date, sent, received) {
    if (!date) return;
    const [least, most] = [date - received, date + 1000 - sent];
    // No overlap: one of the clocks was set.
    const isNew = least > this.most || most < this.least;
    this.least = isNew ? least : Math.max(this.least, least);
    this.most = isNew ? most : Math.min(this.most, most);
  },
  now() { return Date.now() + (Number.isFinite(this.least) ? (this.least + this.most) / 2 : 0); },
};
