import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Either, isRight, left, right } from 'fp-ts/lib/Either.js'
import { InvalidOption } from '../model/errors.ts'
import type { Refusal, Validator } from './Validator.ts'

/**
 * A Standard Schema (version 1) as a validator. Schemas have no way back, so values are written as they are: use schemas
 * that accept their own output.
 *
 * @throws InvalidOption for a schema that is known to be asynchronous. One that shows it later, with its first value,
 *   refuses to write it, and refuses all that it is to read.
 */
export const schemaValidator = <A>(schema: StandardSchemaV1<unknown, A>): Validator<A> => {
  const { vendor, version, validate } = schema['~standard']
  if (version !== 1)
    throw new InvalidOption(`a ${vendor} schema has Standard Schema version ${String(version)}; expected 1`)
  if (('async' in schema && schema.async === true) || answersLater(() => validate(undefined)))
    throw asynchronous(vendor)
  let written = false
  return {
    name: undefined,
    what: `a ${vendor} schema`,
    is: (value) => isRight(decodeWith(schema, value)),
    decode: (value) => decodeWith(schema, value),
    encode: (value) => {
      if (!written && answersLater(() => validate(value))) throw asynchronous(vendor)
      written = true
      return value
    },
  }
}

const decodeWith = <A>(schema: StandardSchemaV1<unknown, A>, value: unknown): Either<Refusal, A> => {
  const { vendor, validate } = schema['~standard']
  try {
    const result = validate(value)
    if (result instanceof Promise) {
      result.catch(ignore)
      return left({
        reason: `the ${vendor} schema gave no answer at once: it is asynchronous, or threw`,
        errors: [],
      })
    }
    if (result.issues === undefined) return right(result.value)
    return left({ reason: reasonOf(vendor, result.issues), errors: [], issues: result.issues })
  } catch {
    return left({ reason: `the ${vendor} schema threw`, errors: [] })
  }
}

const issuesShownMax = 5

// the messages of issues may quote what was given, so only their places are told
const reasonOf = (vendor: string, issues: ReadonlyArray<StandardSchemaV1.Issue>): string => {
  const places = issues.slice(0, issuesShownMax).map(({ path = [] }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
    return keys.length === 0 ? 'at the top' : `at .${keys.join('.')}`
  })
  const more = issues.length > issuesShownMax ? ` and ${issues.length - issuesShownMax} more` : ''
  return `refused by the ${vendor} schema ${[...new Set(places)].join(', ')}${more}`
}

const asynchronous = (vendor: string): InvalidOption =>
  new InvalidOption(`a ${vendor} schema is asynchronous; expected one that answers at once`)

const answersLater = (validate: () => unknown): boolean => {
  try {
    const result = validate()
    if (!(result instanceof Promise)) return false
    result.catch(ignore)
    return true
  } catch {
    return false
  }
}

const ignore = (): void => {}
