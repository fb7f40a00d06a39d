// Ten people compete for two tickets, repeatedly: exactly two get one.
//
//   k6 run -e BASE=http://127.0.0.1:8080 -e ADMIN=<admin token> -e TOKENS='["…",…]' load/last-tickets.js
// BASE may list several copies, separated by commas: requests go to them in turn.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import exec from 'k6/execution';

const bases = (__ENV.BASE || 'http://127.0.0.1:8080').split(',');
const admin = __ENV.ADMIN;
const tokens = JSON.parse(__ENV.TOKENS || '[]');
const rounds = Number(__ENV.ROUNDS || 100);
const contenders = 10;
const tickets = 2;

const held = new Counter('held');
const refused = new Counter('refused');
const odd = new Counter('odd_answers');
const wrongRounds = new Counter('wrong_rounds');

export const options = {
  scenarios: {
    rounds: { executor: 'shared-iterations', vus: 1, iterations: rounds, maxDuration: '10m' },
  },
  thresholds: {
    wrong_rounds: ['count==0'],
    odd_answers: ['count==0'],
    held: [`count==${rounds * tickets}`],
    refused: [`count==${rounds * (contenders - tickets)}`],
  },
};

function json(token) {
  return { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` } };
}

export default function () {
  const event = http.post(
    `${bases[0]}/v1/events`,
    JSON.stringify({
      title: `Last tickets ${exec.scenario.iterationInTest}`,
      startsAt: '2099-01-01T20:00:00.000Z',
      currency: 'USD',
      publish: true,
      tiers: [{ name: 'Standing', kind: 'general', unitAmount: 1000, capacity: tickets }],
    }),
    json(admin),
  );
  check(event, { 'event created': (answer) => answer.status === 201 });
  const { id, tiers } = event.json();
  const answers = http.batch(
    tokens.slice(0, contenders).map((token, index) => [
      'POST',
      `${bases[index % bases.length]}/v1/bookings`,
      JSON.stringify({ eventId: id, items: [{ tierId: tiers[0].id, quantity: 1 }] }),
      json(token),
    ]),
  );
  const winners = answers.filter((answer) => answer.status === 201);
  const losers = answers.filter(
    (answer) => answer.status === 409 && ['sold-out', 'held-by-others'].includes(answer.json('code')),
  );
  held.add(winners.length);
  refused.add(losers.length);
  odd.add(answers.length - winners.length - losers.length);
  if (winners.length !== tickets || losers.length !== contenders - tickets) {
    wrongRounds.add(1);
  } else {
    wrongRounds.add(0);
  }
}
