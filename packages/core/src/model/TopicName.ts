import { InvalidName } from './errors.ts'

const pattern = /^[A-Za-z0-9._-]{1,249}$/

/**
 * Checks the name of a topic, job, store or group.
 *
 * @param kind - what is named, for the message
 * @throws InvalidName unless it is 1 to 249 of `A-Z a-z 0-9 . _ -` and neither `.` nor `..`
 * @example
 * validateName('topic', 'orders.v1') // => undefined
 */
export const validateName = (kind: string, name: string): void => {
  if (typeof name === 'string' && pattern.test(name) && name !== '.' && name !== '..') return
  throw new InvalidName(
    `${kind} name ${shown(name)} is not allowed; expected 1 to 249 characters of A-Z, a-z, 0-9, '.', '_' and '-', and not '.' or '..'`,
  )
}

const shownMax = 60

// JSON.stringify escapes line ends and the C0 controls; the rest that could disturb a terminal is escaped here
const shown = (name: unknown): string => {
  if (typeof name !== 'string') return name === null ? 'null' : `of type ${typeof name}`
  const start = JSON.stringify(name.slice(0, shownMax)).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return name.length > shownMax ? `${start}... (${name.length} characters)` : start
}
