import { DETECTORS } from '../../detectors/registry.ts';
import { SETTINGS } from '../../services/settings.ts';
import { ERRORS } from '../../services/errors.ts';
import { TABLES, VIEWS } from '../../services/stores/tables.ts';
import { clickhouseFiles } from './clickhouse-users.ts';
import { configurationPage } from './configuration.ts';
import { detectorsPage } from './detectors.ts';
import { errorsPage } from './errors.ts';
import { sqlPage } from './sql.ts';
import { SQL_EXAMPLES } from './sql-examples.ts';

/** Every page and file that is made from the code, by its path in the repository. */
export function madePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/configuration.md', configurationPage(SETTINGS)],
    ['docs/errors.md', errorsPage(ERRORS)],
    ['docs/detectors.md', detectorsPage(DETECTORS)],
    ['docs/sql.md', sqlPage(TABLES, VIEWS, SQL_EXAMPLES)],
    ...clickhouseFiles(),
  ]);
}
