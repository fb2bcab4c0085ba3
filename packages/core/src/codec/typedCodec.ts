import { EncodeFailed, InvalidOption } from '../model/errors.ts'
import { codecName } from './codecName.ts'
import type { NamedOptions } from './NamedOptions.ts'
import type { Validator } from './Validator.ts'

/**
 * The name of a codec of a type.
 *
 * @throws InvalidOption when neither the type has a name nor the options
 */
export const typedName = <A>(kind: string, { name: own, what }: Validator<A>, { name }: NamedOptions): string => {
  const given = name ?? own
  if (given !== undefined && given !== '') return codecName(kind, given)
  throw new InvalidOption(
    `${kind} was given ${what} without a name; expected one, such as { name: 'Flight' }: by it a changed type is noticed`,
  )
}

/** The validator, refusing to write what is not of the type when the options ask for that. */
export const checkingWrites = <A>(
  kind: string,
  validator: Validator<A>,
  { checkOnWrite = false }: NamedOptions,
): Validator<A> =>
  checkOnWrite
    ? {
        ...validator,
        encode: (value) => {
          if (validator.is(value)) return validator.encode(value)
          throw new EncodeFailed(`a ${kind} codec was given a value to write that is not of ${validator.what}`)
        },
      }
    : validator
