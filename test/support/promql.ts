import { parser } from '@prometheus-io/lezer-promql';
import { createMetrics } from '../../services/metrics.ts';

/** Grafana puts these in before Prometheus sees the expression. */
function filledIn(expression: string): string {
  return expression.replaceAll(/\$__rate_interval|\$__interval/g, '5m');
}

/** Parts that Prometheus would not understand; empty where the expression is good. */
export function promqlMistakes(expression: string): string[] {
  const text = filledIn(expression);
  const mistakes: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) mistakes.push(`${text.slice(0, from)}⟶${text.slice(from, to)}`);
    },
  });
  return mistakes;
}

/** Names of our metrics in it, without the endings that a histogram has. */
export function namedMetrics(expression: string): string[] {
  return [...expression.matchAll(/\bgatewatch_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
}

/** Each metric with its labels. */
export async function knownMetrics(): Promise<Set<string>> {
  const { registry } = createMetrics();
  const metrics = await registry.getMetricsAsJSON();
  return new Set(metrics.map(({ name }) => name));
}
