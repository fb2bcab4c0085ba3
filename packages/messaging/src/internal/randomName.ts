import { systemRandom } from '@weir/core'

/** A name that nobody else is given: 20 characters of chance, about 100 bits. */
export const randomName = (): string =>
  [systemRandom.next(), systemRandom.next()].map((part) => part.toString(36).slice(2, 12).padEnd(10, '0')).join('')
