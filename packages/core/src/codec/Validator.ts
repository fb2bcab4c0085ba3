import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Errors } from 'io-ts'

/** What checks a value that was just read, and prepares one that is about to be written. */
export interface Validator<A> {
  /** The type's name, for the codec's; `undefined` for a schema, which has none. */
  readonly name: string | undefined
  /** What the type is, in words. */
  readonly what: string
  /** Whether a value that is about to be written is of the type. Never throws. */
  readonly is: (value: A) => boolean
  /** The typed value, or why it is none. Never throws. */
  readonly decode: (value: unknown) => Either<Refusal, A>
  /** What is to be written for a value. May throw. */
  readonly encode: (value: A) => unknown
}

/** Why a value is not of the type. */
export interface Refusal {
  /** What was expected and where, in words; no payload. */
  readonly reason: string
  readonly errors: Errors
  /** The issues of a Standard Schema, when it was one that refused. They may quote the payload. */
  readonly issues?: ReadonlyArray<StandardSchemaV1.Issue> | undefined
}
