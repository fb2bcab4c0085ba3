import { inspect } from 'node:util'

/** A value in one line, such that equal values have equal lines: as `inspect` gives it, with keys in order. */
export const show = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return plainText.test(value) ? `'${value}'` : full(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : showObject(value)
    default:
      return full(value)
  }
}

// what most records are made of; `inspect` is ten times slower, and is what laws would mostly do
const showObject = (value: object): string => {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(show).join(', ')} ]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return full(value)
  const parts = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, part]) => `${plainKey.test(key) ? key : full(key)}: ${show(part)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

const plainText = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/
const plainKey = /^[a-zA-Z_][a-zA-Z_0-9]*$/

const full = (value: unknown): string =>
  inspect(value, {
    depth: null,
    breakLength: Infinity,
    compact: true,
    sorted: true,
    maxArrayLength: null,
    maxStringLength: null,
  })
