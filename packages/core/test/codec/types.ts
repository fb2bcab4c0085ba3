import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { isRight } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { codePoint } from '../model/codePoint.ts'

/** An io-ts type and values of it, as they are read: what JSON can hold, and never -0. */
export interface Sample {
  readonly type: t.Any
  readonly values: fc.Arbitrary<unknown>
}

export interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
export const Tree: t.Type<Tree> = t.recursion('Tree', () =>
  t.readonly(t.type({ value: t.number, children: t.readonlyArray(Tree) })),
)

export const number: fc.Arbitrary<number> = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => (Object.is(value, -0) ? 0 : value))
export const key: fc.Arbitrary<string> = fc.string({ maxLength: 4 }).filter((text) => !reserved.has(text))
const reserved = new Set(['__proto__', 'constructor', 'prototype'])

const plain = { noNullPrototype: true } as const
const leaves: ReadonlyArray<Sample> = [
  { type: t.string, values: fc.string({ unit: codePoint, maxLength: 6 }) },
  { type: t.number, values: number },
  { type: t.boolean, values: fc.boolean() },
  { type: t.null, values: fc.constant(null) },
  { type: t.Int, values: fc.integer() },
  { type: t.literal('on'), values: fc.constant('on') },
  { type: t.keyof({ red: null, green: null }), values: fc.constantFrom('red', 'green') },
  { type: t.unknown, values: fc.constantFrom(1, 'a', null, true) },
  { type: t.UnknownArray, values: fc.array(fc.integer(), { maxLength: 3 }) },
  { type: t.UnknownRecord, values: fc.dictionary(key, fc.integer(), { maxKeys: 3, ...plain }) },
  {
    type: Tree,
    values: fc.constantFrom({ value: 1, children: [] }, { value: 1, children: [{ value: 2, children: [] }] }),
  },
]

const two = ([a, b]: readonly [Sample, Sample]): ReadonlyArray<Sample> => [
  {
    type: t.type({ a: a.type, b: b.type }),
    values: fc.record({ a: a.values, b: b.values }, plain),
  },
  {
    type: t.partial({ a: a.type, b: b.type }),
    values: fc.record({ a: a.values, b: b.values }, { requiredKeys: [], ...plain }),
  },
  {
    type: t.strict({ a: a.type, b: b.type }),
    values: fc.record({ a: a.values, b: b.values }, plain),
  },
  { type: t.array(a.type), values: fc.array(a.values, { maxLength: 3 }) },
  { type: t.readonlyArray(a.type), values: fc.array(a.values, { maxLength: 3 }) },
  { type: t.readonly(t.type({ a: a.type })), values: fc.record({ a: a.values }, plain) },
  { type: t.tuple([a.type, b.type]), values: fc.tuple(a.values, b.values) },
  {
    type: t.record(t.string, a.type),
    values: fc.dictionary(key, a.values, { maxKeys: 3, ...plain }),
  },
  { type: t.union([a.type, b.type]), values: fc.oneof(a.values, b.values) },
  {
    type: t.intersection([t.type({ a: a.type }), t.partial({ b: b.type })]),
    values: fc.record({ a: a.values, b: b.values }, { requiredKeys: ['a'], ...plain }),
  },
  {
    type: t.exact(t.intersection([t.type({ a: a.type }), t.partial({ b: b.type })])),
    values: fc.record({ a: a.values, b: b.values }, { requiredKeys: ['a'], ...plain }),
  },
  {
    type: t.union([t.strict({ kind: t.literal('x'), a: a.type }), t.type({ kind: t.literal('y'), b: b.type })]),
    values: fc.oneof(
      fc.record({ kind: fc.constant('x'), a: a.values }, plain),
      fc.record({ kind: fc.constant('y'), b: b.values }, plain),
    ),
  },
]

// Of a union, io-ts takes the first member that a value can be made to fit: leaving out or adding fields, it may be another
// than the value was made for. Then the value does not come back through io-ts itself.
const comesBack = (type: t.Any, value: unknown): boolean => {
  const decoded = type.decode(type.encode(value))
  return isRight(decoded) && isDeepStrictEqual(decoded.right, value)
}

/** Types of every kind, some levels deep. */
export const samples: fc.Arbitrary<Sample> = fc
  .letrec<{ sample: Sample }>((tie) => ({
    sample: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(...leaves),
      fc.tuple(tie('sample'), tie('sample')).chain((pair) => fc.constantFrom(...two(pair))),
    ),
  }))
  .sample.map(({ type, values }) => ({ type, values: values.filter((value) => comesBack(type, value)) }))

/** Values of no type in particular, which share some of the names above. */
export const anything: fc.Arbitrary<unknown> = fc.anything({
  key: fc.constantFrom('a', 'b', 'kind', 'value', 'children', 'other'),
  values: [fc.constantFrom('x', 'y', 'on', 'red', 1, 1.5, true, null, undefined, Number.NaN)],
  maxDepth: 4,
  maxKeys: 4,
})
