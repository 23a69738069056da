/** How long to wait for what must come, on a machine that may be slow and busy. What may not take long is measured in benches,
 *  not by how long a test waits. */
export const PATIENT = { timeout: 180_000, interval: 250 };
