// An on-sale: visitors look at the event, claim, pay with a test card, and look at their ticket.
//
//   k6 run -e BASE=http://127.0.0.1:8080 -e ADMIN=<admin token> -e TOKENS='["…",…]' load/on-sale.js
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import exec from 'k6/execution';

const bases = (__ENV.BASE || 'http://127.0.0.1:8080').split(',');
const admin = __ENV.ADMIN;
const tokens = JSON.parse(__ENV.TOKENS || '[]');
const seconds = Number(__ENV.SECONDS || 30);
const capacity = 100000;

const confirmed = new Counter('confirmed');
const unexpected = new Counter('unexpected_answers');

export const options = {
  scenarios: {
    sale: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [
        { duration: `${Math.ceil(seconds / 3)}s`, target: Number(__ENV.VUS || 50) },
        { duration: `${Math.ceil((seconds * 2) / 3)}s`, target: Number(__ENV.VUS || 50) },
      ],
    },
  },
  thresholds: {
    unexpected_answers: ['count==0'],
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
  },
};

function json(token) {
  return { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` } };
}

export function setup() {
  const event = http.post(
    `${bases[0]}/v1/events`,
    JSON.stringify({
      title: 'On-sale',
      startsAt: '2099-01-01T20:00:00.000Z',
      currency: 'USD',
      publish: true,
      maxTicketsPerUser: null,
      tiers: [{ name: 'Standing', kind: 'general', unitAmount: 4999, capacity }],
    }),
    json(admin),
  );
  if (event.status !== 201) throw new Error(`the event could not be made: ${event.status} ${event.body}`);
  return event.json();
}

export default function (event) {
  const base = bases[exec.vu.idInTest % bases.length];
  const mine = json(tokens[exec.vu.idInTest % tokens.length]);
  const seen = http.get(`${base}/v1/events/${event.id}/availability`);
  check(seen, { 'availability is told': (answer) => answer.status === 200 });
  const hold = http.post(
    `${base}/v1/bookings`,
    JSON.stringify({ eventId: event.id, items: [{ tierId: event.tiers[0].id, quantity: 1 }] }),
    mine,
  );
  if (!check(hold, { 'units are held': (answer) => answer.status === 201 })) {
    unexpected.add(1);
    return;
  }
  const paid = http.post(
    `${base}/v1/bookings/${hold.json('id')}/payments`,
    JSON.stringify({ cardNumber: '4242424242424242' }),
    mine,
  );
  if (!check(paid, { 'payment is confirmed': (answer) => [200, 202].includes(answer.status) })) {
    unexpected.add(1);
    return;
  }
  confirmed.add(1);
}
