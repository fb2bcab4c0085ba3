import { InvalidOption } from '../model/errors.ts'

/**
 * Refuses options that nobody reads: a misspelt one would be ignored in silence, and programs are mostly run without a look at
 * their types.
 *
 * @throws InvalidOption, with the names that are known
 */
export const requireKnown = (what: string, options: object, known: ReadonlyArray<string>): void => {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOption(`${what}: the options are ${String(options)}; expected an object`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new InvalidOption(`${what}: there is no option '${name}'; expected some of ${known.join(', ')}`)
  }
}
