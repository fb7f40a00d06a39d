// A soak: a steady rate of every booking operation, for any duration. Shows what grows over time.
//
//   make load SCENARIO=soak DURATION=3600      RATE (a second) may be set
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { base, bases, by, card, makeEvent, newKey, own } from './lib.js';

const seconds = Number(__ENV.DURATION || 60);

export const options = {
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 50),
      timeUnit: '1s',
      duration: `${seconds}s`,
      preAllocatedVUs: 50,
      maxVUs: 200,
    },
  },
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    dropped_iterations: ['count==0'],
    'http_reqs{name:pay}': ['count>0'],
    'http_req_duration{name:claim}': ['p(99)<250'],
    'http_req_duration{name:pay}': ['p(99)<1000'],
  },
};

export function setup() {
  const tiers = [{ name: 'Standing', kind: 'general', unitAmount: 4999, capacity: 10000000 }];
  return makeEvent('Soak', tiers, { holdSeconds: 30 });
}

export default function (event) {
  const user = own();
  const act = (hold, action, body) =>
    http.post(`${base()}/v1/bookings/${hold}/${action}`, JSON.stringify(body), by(user, newKey(), action));
  const items = [{ tierId: event.tiers[0].id, quantity: 2 }];
  const claim = { eventId: event.id, items };
  const key = newKey();
  const hold = http.post(`${base()}/v1/bookings`, JSON.stringify(claim), by(user, key, 'claim'));
  if (!check(hold, { 'units are held': (answer) => answer.status === 201 })) return;
  const id = hold.json('id');
  switch (exec.scenario.iterationInTest % 5) {
    case 0: {
      const again = http.post(`${base()}/v1/bookings`, JSON.stringify(claim), by(user, key, 'claim'));
      check(again, { 'a repeated key returns the same booking': (answer) => answer.json('id') === id });
      break;
    }
    case 1:
      check(act(id, 'cancel', {}), { 'the booking is cancelled': (answer) => [200, 202].includes(answer.status) });
      break;
    case 2:
      check(act(id, 'extend', {}), { 'the hold is extended': (answer) => answer.status === 200 });
      break;
    default: {
      const paid = http.post(
        `${base()}/v1/bookings/${id}/payments`,
        JSON.stringify({ cardNumber: card }),
        by(user, newKey(), 'pay'),
      );
      check(paid, { 'payment is confirmed': (answer) => [200, 202].includes(answer.status) });
    }
  }
}

export function teardown(event) {
  const tier = http.get(`${bases[0]}/v1/events/${event.id}/availability`).json('tiers')[0];
  const sum = tier.available + tier.held + tier.sold + tier.blocked;
  if (sum !== tier.capacity) throw new Error(`the counts do not add up: ${JSON.stringify(tier)}`);
}
