// Helpers of the scenarios.
import http from 'k6/http';
import exec from 'k6/execution';

export const bases = (__ENV.BASE || 'http://127.0.0.1:8080').split(',');
export const tokens = JSON.parse(__ENV.TOKENS || '[]');

export const card = '4242424242424242';

/// Parameters of a JSON request with this token; `key` is its idempotency key.
export function by(token, key, name) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  if (key) headers['Idempotency-Key'] = key;
  return { headers, tags: name ? { name } : {} };
}

/// The copy that this virtual user calls.
export function base() {
  return bases[exec.vu.idInTest % bases.length];
}

/// The token of this virtual user.
export function own() {
  return tokens[exec.vu.idInTest % tokens.length];
}

/// A unique idempotency key.
export function newKey() {
  return `k6-${exec.vu.idInTest}-${exec.vu.iterationInInstance}-${Math.random().toString(36).slice(2)}`;
}

/// Creates a resource as the administrator, or fails the test.
export function make(path, body) {
  const answer = http.post(`${bases[0]}${path}`, JSON.stringify(body), by(__ENV.ADMIN, null, path));
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return answer.json();
}

/// Creates a published event with these tiers, without limits per user unless `members` has them.
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

/// Whether an answer is a refusal that is normal in an on-sale.
export function isRefusal(answer) {
  const codes = ['sold-out', 'held-by-others', 'seats-unavailable', 'no-adjacent-seats'];
  return answer.status === 409 && codes.includes(answer.json('code'));
}

/// Counts refusals as expected answers, not as failures.
export function expectRefusals() {
  http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409));
}
