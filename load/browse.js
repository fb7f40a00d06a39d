// Browsing: many reads, few bookings. Lists, an event with its ETag, availability, and one claim in fifty.
//
//   make load SCENARIO=browse      DURATION (seconds) and VUS may be set
import http from 'k6/http';
import { check } from 'k6';
import { base, by, makeEvent, newKey, own } from './lib.js';

const seconds = Number(__ENV.DURATION || 30);

export const options = {
  scenarios: { browse: { executor: 'constant-vus', vus: Number(__ENV.VUS || 50), duration: `${seconds}s` } },
  thresholds: {
    'http_req_duration{name:list}': ['p(95)<100'],
    'http_req_duration{name:event}': ['p(95)<50'],
    'http_req_duration{name:availability}': ['p(95)<50'],
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
  },
};

export function setup() {
  return [0, 1, 2, 3, 4].map((index) =>
    makeEvent(`Browse ${index}`, [{ name: 'Standing', kind: 'general', unitAmount: 2500, capacity: 100000 }]),
  );
}

export default function (events) {
  const user = own();
  const event = events[__ITER % events.length];
  const list = http.get(`${base()}/v1/events?search=browse&limit=5`, by(user, null, 'list'));
  check(list, { 'the list is returned': (answer) => answer.status === 200 && answer.json('data').length > 0 });
  const seen = http.get(`${base()}/v1/events/${event.id}`, by(user, null, 'event'));
  check(seen, { 'the event is returned': (answer) => answer.status === 200 });
  const again = by(user, null, 'event');
  again.headers['If-None-Match'] = seen.headers.Etag;
  const unchanged = http.get(`${base()}/v1/events/${event.id}`, again);
  check(unchanged, { 'the event is unchanged, or newer': (answer) => [200, 304].includes(answer.status) });
  const left = http.get(`${base()}/v1/events/${event.id}/availability`, by(user, null, 'availability'));
  check(left, {
    'counts add up': (answer) =>
      answer.status === 200 &&
      answer.json('tiers').every((tier) => tier.capacity === tier.available + tier.held + tier.sold + tier.blocked),
  });
  if (__ITER % 50 === 0) {
    const items = [{ tierId: event.tiers[0].id, quantity: 1 }];
    const hold = http.post(
      `${base()}/v1/bookings`,
      JSON.stringify({ eventId: event.id, items }),
      by(user, newKey(), 'claim'),
    );
    check(hold, { 'units are held': (answer) => answer.status === 201 });
  }
}
