/** Whether something read is names and values of headers. */
export const areEntries = (found: unknown): found is ReadonlyArray<readonly [string, string]> =>
  Array.isArray(found) &&
  found.every((entry) => Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string'))
