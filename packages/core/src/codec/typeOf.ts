/**
 * What a value is, for messages that must not show it.
 *
 * @example
 * typeOf(null) // => 'null'
 */
export const typeOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  return Array.isArray(value) ? 'an array' : 'an object'
}
