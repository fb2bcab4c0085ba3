import { validateName } from '@weir/core'
import { requireCodec, requireFunction, requireKnown, requireTopic } from '@weir/core/protocol'

type Require = (what: string, given: unknown) => void

/** What an option of this name is, wherever there is one. Without it nothing is required. */
const kinds: Readonly<Record<string, Require>> = {
  codec: requireCodec,
  emits: requireCodec,
  key: requireCodec,
  values: requireCodec,
  late: requireTopic,
  idOf: requireFunction,
  merge: requireFunction,
}

/**
 * Refuses options that nobody reads, and those that are of another kind.
 *
 * @param required - those that must be there, all of them functions
 * @throws InvalidOption
 */
export const requireOptions = <O extends object>(
  what: string,
  options: O,
  known: ReadonlyArray<string>,
  required: ReadonlyArray<keyof O & string> = [],
): void => {
  requireKnown(what, options, known)
  for (const option of required) requireFunction(`${what}: ${option}`, options[option])
  for (const [option, given] of Object.entries(options)) {
    if (given !== undefined) kinds[option]?.(`${what}: ${option}`, given)
  }
}

/**
 * Refuses options of two sides, as joins have them, that are of another kind.
 *
 * @throws InvalidOption
 */
export const requireSides = (
  what: string,
  sides: object,
  requireKind: Require,
  known: ReadonlyArray<string> = ['left', 'right'],
): void => {
  requireKnown(what, sides, known)
  for (const [side, given] of Object.entries(sides)) if (given !== undefined) requireKind(`${what}.${side}`, given)
}

/**
 * The operator in words, for messages.
 *
 * @throws InvalidName
 */
export const namedOperator = (kind: string, name: string): string => {
  validateName(kind, name)
  return `${kind} '${name}'`
}
