import { typeOf } from './typeOf.ts'

const shownMax = 60

/** The message for something that stands where something else has to: what it is, or its text, and what is expected there. */
export const unexpected = (what: string, given: unknown, expected: string): string => {
  const shown = typeof given === 'string' ? JSON.stringify(given.slice(0, shownMax)) : typeOf(given)
  return `${what} is ${shown}; expected ${expected}`
}
