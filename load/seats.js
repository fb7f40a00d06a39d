// A seat rush: all users want the same 2,000 seats, by id or as the best two. No seat may be confirmed twice.
//
//   make load SCENARIO=seats       DURATION (seconds) and VUS may be set
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { base, bases, by, card, expectRefusals, isRefusal, make, makeEvent, newKey, own } from './lib.js';

const seconds = Number(__ENV.DURATION || 30);
const rows = 40;
const perRow = 50;
const confirmed = new Counter('confirmed_seats');

export const options = {
  scenarios: {
    seats: { executor: 'constant-vus', vus: Number(__ENV.VUS || 100), duration: `${seconds}s`, gracefulStop: '10s' },
  },
  thresholds: {
    'http_req_duration{name:claim}': ['p(95)<100'],
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    confirmed_seats: ['count>0', `count<=${rows * perRow}`],
  },
};

export function setup() {
  const numbers = Array.from({ length: perRow }, (_, index) => String(index + 1));
  const sections = [
    { name: 'A', rows: Array.from({ length: rows }, (_, row) => ({ name: String(row + 1), seats: numbers })) },
  ];
  const venue = make('/v1/venues', { name: 'Hall of the load test', sections });
  const tiers = [{ name: 'Seated', kind: 'seated', unitAmount: 9900, sections: ['A'] }];
  const event = makeEvent('Seat rush', tiers, { venueId: venue.id });
  const seats = http.get(`${bases[0]}/v1/events/${event.id}/seats`).json('seats');
  return { event, seats: seats.map((seat) => seat.id) };
}

export default function ({ event, seats }) {
  expectRefusals();
  const user = own();
  const wished = seats[Math.floor(Math.random() * Math.random() * seats.length)];
  const item = __ITER % 2 ? { seatIds: [wished] } : { tierId: event.tiers[0].id, bestAvailable: 2 };
  const hold = http.post(
    `${base()}/v1/bookings`,
    JSON.stringify({ eventId: event.id, items: [item] }),
    by(user, newKey(), 'claim'),
  );
  check(hold, { 'seats are held, or refused with a known code': (answer) => answer.status === 201 || isRefusal(answer) });
  if (hold.status !== 201) return;
  const paid = http.post(
    `${base()}/v1/bookings/${hold.json('id')}/payments`,
    JSON.stringify({ cardNumber: card }),
    by(user, newKey(), 'pay'),
  );
  // Another virtual user with this token may have claimed the same seat, which releases this hold.
  check(paid, { 'payment is confirmed, or its hold was released': (answer) => [200, 202, 409].includes(answer.status) });
  if (paid.status !== 409) confirmed.add(hold.json('items').reduce((sum, line) => sum + line.quantity, 0));
}

export function teardown({ event, seats }) {
  const left = http.get(`${bases[0]}/v1/events/${event.id}/availability`).json('tiers')[0];
  const sum = left.available + left.held + left.sold + left.blocked;
  if (sum !== seats.length) throw new Error(`${seats.length} seats, but ${JSON.stringify(left)}`);
}
