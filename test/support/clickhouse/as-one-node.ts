/** The embedded engine has no Keeper: what a cluster says with it is said without. The rest stays as it is, above all
 *  the Distributed tables and everything that goes through them. */
export function asOneNode(sql: string): string {
  return sql
    .replace(/ ON CLUSTER `[^`]+`/, '')
    .replace(/Replicated((?:Replacing)?MergeTree)\('[^']*', '[^']*'(?:, )?/, '$1(')
    .replace(' replicated_deduplication_window = ', ' non_replicated_deduplication_window = ')
    .replace(/ replicated_deduplication_window_seconds = \d+,/, '');
}
