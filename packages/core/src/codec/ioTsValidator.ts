import { type Either, isRight, left, right } from 'fp-ts/lib/Either.js'
import type { Context, Errors, Type } from 'io-ts'
import { compileGuard } from './compileGuard.ts'
import type { Refusal, Validator } from './Validator.ts'

/**
 * An io-ts type as a validator: by a compiled guard where the type is made of known parts, by the type itself for
 * everything that the guard does not accept, so that values and errors are always io-ts's own.
 */
export const ioTsValidator = <A>(type: Type<A, unknown, unknown>): Validator<A> => {
  const guard = compileGuard(type)
  return {
    name: type.name,
    what: `the type ${shortened(type.name)}`,
    is: (value) => {
      try {
        return (guard?.encodesAsItIs === true && guard.accepts(value)) || type.is(value)
      } catch {
        return false
      }
    },
    decode: (value) => {
      try {
        return guard !== undefined && guard.accepts(value) ? right(value as A) : decodeWith(type, value)
      } catch {
        return left({ reason: `the type ${shortened(type.name)} threw`, errors: [] })
      }
    },
    encode: guard?.encodesAsItIs === true ? (value) => value : (value) => type.encode(value),
  }
}

const decodeWith = <A>(type: Type<A, unknown, unknown>, value: unknown): Either<Refusal, A> => {
  const result = type.decode(value)
  return isRight(result) ? result : left({ reason: reasonOf(result.left), errors: result.left })
}

const errorsShownMax = 5
const nameCharsMax = 80

// What io-ts errors say, in words: where, and what was expected there. No values, and no keys of dictionaries.
const reasonOf = (errors: Errors): string => {
  const places = errors.slice(0, errorsShownMax).map(({ context }) => {
    const expected = shortened(context.at(-1)?.type.name ?? 'another value')
    const path = pathOf(context)
    return path === '' ? `expected ${expected}` : `expected ${expected} at ${path}`
  })
  const more = errors.length > errorsShownMax ? ` and ${errors.length - errorsShownMax} more` : ''
  return places.join(', ') + more
}

// Parts of unions and intersections are steps in the context too, but no places in the value.
const pathOf = (context: Context): string => {
  let path = ''
  for (let index = 1; index < context.length; index++) {
    const tag = tagOf(context[index - 1]!.type)
    if (tag === 'UnionType' || tag === 'IntersectionType') continue
    path += tag === 'DictionaryType' ? '[key]' : `.${context[index]!.key}`
  }
  return path
}

// refinements, exact and read-only types add no step of their own: the context shows them in place of what they hold
const tagOf = (type: unknown): string | undefined => {
  const { _tag, type: inner } = type as { readonly _tag?: string; readonly type?: unknown }
  const wraps = _tag === 'RefinementType' || _tag === 'ExactType' || _tag === 'ReadonlyType' || _tag === 'RecursiveType'
  return wraps && inner !== undefined ? tagOf(inner) : _tag
}

const shortened = (name: string): string => (name.length > nameCharsMax ? `${name.slice(0, nameCharsMax)}...` : name)
