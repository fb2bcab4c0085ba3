import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Type } from 'io-ts'
import { InvalidOption } from '../model/errors.ts'
import { ioTsValidator } from './ioTsValidator.ts'
import { schemaValidator } from './schemaValidator.ts'
import type { Validator } from './Validator.ts'

/** An io-ts type, or any schema that speaks Standard Schema (Zod, Valibot, ArkType and others). */
export type AnyType<A> = Type<A, any, unknown> | StandardSchemaV1<any, A>

/**
 * The validator of a type.
 *
 * @throws InvalidOption when it is neither an io-ts type nor a schema that answers at once
 */
export const validatorOf = <A>(type: AnyType<A>): Validator<A> => {
  if ((typeof type === 'object' && type !== null) || typeof type === 'function') {
    if ('~standard' in type) return schemaValidator(type)
    if (typeof type.validate === 'function' && typeof type.encode === 'function') return ioTsValidator(type)
  }
  throw new InvalidOption(
    `a codec was given ${type === null ? 'null' : `a value of type ${typeof type}`} as its type; expected an io-ts type or a Standard Schema`,
  )
}
