// An on-sale rush: up to 200 people look, claim, hesitate, and pay; every fifth abandons the cart, which expires.
//
//   make load SCENARIO=rush        DURATION, VUS and THINK (seconds, at the checkout) may be set
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { base, by, card, expectRefusals, isRefusal, makeEvent, newKey, own } from './lib.js';

const seconds = Number(__ENV.DURATION || 30);
const think = Number(__ENV.THINK || 1);
const confirmed = new Counter('confirmed');
const abandoned = new Counter('abandoned');

export const options = {
  scenarios: {
    rush: {
      executor: 'ramping-vus',
      startVUs: 1,
      gracefulStop: '10s',
      stages: [
        { duration: `${Math.ceil(seconds / 3)}s`, target: Number(__ENV.VUS || 200) },
        { duration: `${Math.ceil((seconds * 2) / 3)}s`, target: Number(__ENV.VUS || 200) },
      ],
    },
  },
  thresholds: {
    'http_req_duration{name:claim}': [`p(95)<${__ENV.P95 || 25}`],
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    confirmed: ['count>0'],
    abandoned: ['count>0'],
  },
};

export function setup() {
  const tiers = [{ name: 'Standing', kind: 'general', unitAmount: 4999, capacity: 100000 }];
  return makeEvent('Rush', tiers, { holdSeconds: 5 });
}

export default function (event) {
  expectRefusals();
  const user = own();
  const left = http.get(`${base()}/v1/events/${event.id}/availability`, by(user, null, 'availability'));
  check(left, { 'availability is returned': (answer) => answer.status === 200 });
  const items = [{ tierId: event.tiers[0].id, quantity: 1 + (__ITER % 2) }];
  const hold = http.post(
    `${base()}/v1/bookings`,
    JSON.stringify({ eventId: event.id, items }),
    by(user, newKey(), 'claim'),
  );
  check(hold, { 'units are held, or refused with a known code': (answer) => answer.status === 201 || isRefusal(answer) });
  if (hold.status !== 201) return;
  if (__ITER % 5 === 4) {
    abandoned.add(1);
    return;
  }
  sleep(think * (0.5 + Math.random()));
  const paid = http.post(
    `${base()}/v1/bookings/${hold.json('id')}/payments`,
    JSON.stringify({ cardNumber: card }),
    by(user, newKey(), 'pay'),
  );
  if (check(paid, { 'payment is confirmed': (answer) => [200, 202].includes(answer.status) })) confirmed.add(1);
}
