import { matchCost } from '../processes/match-loop.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { median } from '../statistics.js';

/** The table alone: what finding the route of one request costs. */
export const matching: Scenario = {
  name: 'match-cost',
  title: 'finding the route of a request in the table: first, middle and last route, and none',
  async run({ routes, rounds }) {
    const samples = new Map<number, number[][]>(routes.map((count) => [count, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const count of routes) {
        const targets = [0, Math.floor(count / 2), count - 1, -1];
        samples.get(count)?.push(await matchCost({ routes: count, targets }));
      }
    }
    const rows: Row[] = routes.map((count) => ({
      name: `${count} routes`,
      values: [0, 1, 2, 3].map((target) => median((samples.get(count) ?? []).map((round) => round[target] as number))),
    }));
    const worst = ({ values }: Row): number => Math.max(...values.slice(0, 3).map((value) => value as number));
    const [smallest, largest] = [rows[0] as Row, rows.at(-1) as Row];
    const ratio = rows.length > 1 ? worst(largest) / worst(smallest) : undefined;
    return {
      columns: ['first', 'middle', 'last', 'none'].map((title) => ({ title, unit: 'ns', isCompared: true })),
      rows,
      aims: atMost(`${largest.name} ≤ 1.3 × ${smallest.name}`, 1.3, ratio, '×'),
    };
  },
};
