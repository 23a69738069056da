import { dangerousRights, rightsOf, ROLES } from '../../stores/access.ts';
import type { Right, RoleName } from '../../stores/access.ts';
import type { ClickHouseParts } from '../../stores/clickhouse-parts.ts';
import { reasonOf } from '../../stores/clickhouse-reason.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

type Parts = Pick<ClickHouseParts, 'ask' | 'layout'>;

const write = ({ right, on }: Right) => `${right} ON ${on}`;

/** What the user may do at ClickHouse, beside what each step does there. A step may have a user of its own, so one whose
 *  rights are whole is enough. */
export async function checkRights(parts: Parts): Promise<Advice[]> {
  const whole: string[] = [];
  const lacking: string[] = [];
  for (const role of Object.keys(ROLES) as RoleName[]) {
    const missing = await missingOf(parts, rightsOf(role, parts.layout));
    if (missing.length === 0) whole.push(role);
    else lacking.push(`for ${role}: ${missing.map(write).join(', ')}`);
  }
  return [...describe(whole, lacking), ...(await checkExtra(parts))];
}

function describe(whole: readonly string[], lacking: readonly string[]): Advice[] {
  if (whole.length === 0) {
    return [
      problem(
        `The user of ClickHouse lacks rights that every step needs (${lacking.join('; ')}). Give it the roles of docs/clickhouse.md.`,
      ),
    ];
  }
  const found = [ok(`The user of ClickHouse has the rights of ${whole.join(', ')}.`)];
  if (lacking.length > 0)
    found.push(
      note(`It lacks rights of other steps, which must run as other users (${lacking.join('; ')}).`),
    );
  return found;
}

async function checkExtra(parts: Parts): Promise<Advice[]> {
  const dangerous = dangerousRights(parts.layout);
  const missing = new Set(await missingOf(parts, dangerous));
  const extra = dangerous.filter((right) => !missing.has(right));
  if (extra.length === 0) return [];
  return [
    warning(
      `The user of ClickHouse may do what no step needs: ${extra.map(write).join(', ')}. Use one of docs/clickhouse.md instead.`,
    ),
  ];
}

async function missingOf(parts: Parts, rights: readonly Right[]): Promise<Right[]> {
  const missing: Right[] = [];
  for (const right of rights) if (!(await has(parts, right))) missing.push(right);
  return missing;
}

async function has(parts: Parts, right: Right): Promise<boolean> {
  try {
    const [row] = await parts.ask<{ result: number }>(`CHECK GRANT ${write(right)}`, {});
    return row?.result === 1;
  } catch (error) {
    // Not every version knows every right, and nobody has one that is not known.
    if (reasonOf(error).type === 'SYNTAX_ERROR') return false;
    throw error;
  }
}
