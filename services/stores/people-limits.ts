import type { UserQueryLimits } from './store.ts';

export const MAX_MEMORY_BYTES = 400_000_000;
/** Sorting and grouping go on on disk from here on. */
const SPILL_BYTES = 150_000_000;

/** Settings of ClickHouse for a query of people. Read-only comes last: from there on nothing can be changed any more. */
export function peopleSettings({ timeoutMs, maxRows }: UserQueryLimits): Record<string, string | number> {
  return {
    max_execution_time: timeoutMs / 1000,
    timeout_overflow_mode: 'throw',
    limit: maxRows + 1,
    max_memory_usage: MAX_MEMORY_BYTES,
    max_bytes_before_external_group_by: SPILL_BYTES,
    max_bytes_before_external_sort: SPILL_BYTES,
    max_threads: 2,
    max_ast_depth: 300,
    max_ast_elements: 5_000,
    max_expanded_ast_elements: 50_000,
    max_subquery_depth: 30,
    function_range_max_elements_in_block: 1_000_000,
    allow_introspection_functions: 0,
    readonly: 1,
  };
}
