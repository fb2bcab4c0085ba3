import { InvalidOption } from '../model/errors.ts'

/**
 * Where reading begins: the first record kept, the records appended from now on, an offset (with `partition`, unless there
 * is only one), or the first record at or after a time (in milliseconds since 1970).
 */
export type StartPosition = 'earliest' | 'latest' | { readonly offset: number } | { readonly time: number }

/** @throws InvalidOption for what is no place to begin at */
export const validateStart = (topic: string, start: StartPosition): void => {
  const valid =
    start === 'earliest' ||
    start === 'latest' ||
    (typeof start === 'object' &&
      start !== null &&
      ('offset' in start ? Number.isSafeInteger(start.offset) && start.offset >= 0 : Number.isFinite(start.time)))
  if (!valid) {
    throw new InvalidOption(
      `topic '${topic}': start is ${JSON.stringify(start)}; expected 'earliest', 'latest', { offset } or { time }`,
    )
  }
}
