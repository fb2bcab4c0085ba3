import fc from 'fast-check'
import { describe, it } from 'vitest'
import { json, jsonUnchecked } from '../../src/codec/json.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { expectLawful, itIsLawful } from './laws.ts'
import { key, number, samples } from './types.ts'
import { codePoint } from '../model/codePoint.ts'

const jsonValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: codePoint, maxLength: 8 }),
    fc.constantFrom('\ud800', '\\u0041', '"', null, true),
    number,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value

const msgpackValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: codePoint, maxLength: 8 }),
    fc.constantFrom(null, undefined, true, Number.NaN, Infinity),
    number,
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => new Set(values)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value

describe('json', () => {
  it('is lawful for io-ts types of every kind', async () => {
    await fc.assert(
      fc.asyncProperty(samples, ({ type, values }) => expectLawful({ codec: json(type), values, runs: 5 })),
      { numRuns: 100 },
    )
  })
})

describe('jsonUnchecked', () => {
  itIsLawful({ codec: jsonUnchecked(), values: jsonValue, runs: 500 })
})

describe('msgpack', () => {
  itIsLawful({ codec: msgpack(), values: msgpackValue, runs: 500 })

  it('is lawful for io-ts types of every kind', async () => {
    await fc.assert(
      fc.asyncProperty(samples, ({ type, values }) => expectLawful({ codec: msgpack(type), values, runs: 5 })),
      { numRuns: 100 },
    )
  })
})

describe('nullable', () => {
  itIsLawful({ codec: nullable(msgpack()), values: msgpackValue })
})
