import { murmur2OfText } from '../model/murmur2.ts'

const nameCharsMax = 200
const keptCharsMax = 180

/**
 * The name of a codec that is made of others: `json(Flight)`.
 *
 * Names are kept with the data. Those of io-ts types without a name of their own spell the type out, so beyond 200 characters
 * the end is replaced by a hash of the whole: still the same name for the same type.
 *
 * @example
 * codecName('json', 'Flight') // => 'json(Flight)'
 */
export const codecName = (kind: string, of: string): string => {
  const name = `${kind}(${of})`
  if (name.length <= nameCharsMax) return name
  return `${name.slice(0, keptCharsMax)}~${(murmur2OfText(name) >>> 0).toString(16).padStart(8, '0')})`
}
