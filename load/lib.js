// What the scenarios share.
import http from 'k6/http';
import exec from 'k6/execution';

export const bases = (__ENV.BASE || 'http://127.0.0.1:8080').split(',');
export const tokens = JSON.parse(__ENV.TOKENS || '[]');

export const card = '4242424242424242';

/// Headers of a JSON request by whoever has this token; `key` is its idempotency key.
export function by(token, key, name) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  if (key) headers['Idempotency-Key'] = key;
  return { headers, tags: name ? { name } : {} };
}

/// The copy that this virtual user talks to.
export function base() {
  return bases[exec.vu.idInTest % bases.length];
}

/// A user of this virtual user's own.
export function own() {
  return tokens[exec.vu.idInTest % tokens.length];
}

/// A key that nobody else uses.
export function newKey() {
  return `k6-${exec.vu.idInTest}-${exec.vu.iterationInInstance}-${Math.random().toString(36).slice(2)}`;
}

/// Makes something as the administrator, or ends the test.
export function make(path, body) {
  const answer = http.post(`${bases[0]}${path}`, JSON.stringify(body), by(__ENV.ADMIN, null, path));
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return answer.json();
}

/// A published event of these tiers, without limits per user unless `members` say otherwise.
export function makeEvent(title, tiers, members) {
  return make('/v1/events', {
    title,
    startsAt: '2099-01-01T20:00:00.000Z',
    currency: 'USD',
    publish: true,
    maxTicketsPerUser: null,
    tiers,
    ...members,
  });
}

/// Whether an answer is a refusal that an on-sale brings with it.
export function isRefusal(answer) {
  const codes = ['sold-out', 'held-by-others', 'seats-unavailable', 'no-adjacent-seats'];
  return answer.status === 409 && codes.includes(answer.json('code'));
}

/// Refusals are answers, not failures.
export function expectRefusals() {
  http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409));
}
