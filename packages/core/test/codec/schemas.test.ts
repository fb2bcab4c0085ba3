import { right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from '../../src/codec/json.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { EncodeFailed, InvalidOption, WeirError } from '../../src/model/errors.ts'
import { failureOf } from './laws.ts'

const flights = [
  ['zod', z.object({ origin: z.string(), legs: z.array(z.object({ to: z.string() })) })],
  ['valibot', v.object({ origin: v.string(), legs: v.array(v.object({ to: v.string() })) })],
] as const

describe.each(flights)('a Standard Schema of %s', (vendor, schema) => {
  const valid = { origin: 'ATL', legs: [{ to: 'SFO' }] }

  it('checks what is read', () => {
    for (const codec of [json(schema, { name: 'F' }), msgpack(schema, { name: 'F' })])
      expect(codec.decode(codec.encode(valid))).toStrictEqual(right(valid))
    const failure = failureOf(json(schema, { name: 'F' }), '{"origin":17,"legs":[{"to":"a"},{"to":"SECRET"},{}]}')
    expect(failure.reason).toBe(`refused by the ${vendor} schema at .origin, at .legs.2.to`)
    expect(failure.issues?.length).toBe(2)
    expect(failure.errors).toEqual([])
    expect(failureOf(json(schema, { name: 'F' }), '7').reason).toBe(`refused by the ${vendor} schema at the top`)
  })

  it('needs a name, which becomes the codec’s', () => {
    for (const codec of [json, msgpack]) {
      expect(() => codec(schema, {} as { readonly name: string })).toThrow(InvalidOption)
      expect(() => codec(schema, { name: '' })).toThrow(`was given a ${vendor} schema without a name`)
    }
    expect(json(schema, { name: 'Flight' }).name).toBe('json(Flight)')
    expect(msgpack(schema, { name: 'Flight' }).name).toBe('msgpack(Flight)')
  })
})

describe('an asynchronous schema', () => {
  const late = {
    '~standard': { version: 1, vendor: 'late', validate: async (value: unknown) => ({ value }) },
  } as const
  const zodLate = z.object({ a: z.string().refine(async () => true) })

  it('is refused at once when it shows itself at once', () => {
    expect(() => json(late, { name: 'A' })).toThrow(InvalidOption)
    expect(() =>
      json(
        v.objectAsync({
          a: v.pipeAsync(
            v.string(),
            v.checkAsync(async () => true),
          ),
        }),
        { name: 'A' },
      ),
    ).toThrow('a valibot schema is asynchronous; expected one that answers at once')
  })

  it('writes nothing and reads nothing when it shows itself later', () => {
    const codec = json(zodLate, { name: 'A' })
    expect(() => codec.encode({ a: 'x' })).toThrow(WeirError)
    expect(() => codec.encode({ a: 'x' })).toThrow('a zod schema is asynchronous; expected one that answers at once')
    expect(failureOf(codec, '{"a":"x"}').reason).toContain('asynchronous')
  })
})

describe('a schema that throws', () => {
  const throws = (): never => {
    throw new Error('SECRET')
  }

  it('is a failure when it is read with, and no throw', () => {
    const schema = { '~standard': { version: 1, vendor: 'own', validate: throws } } as const
    expect(failureOf(json(schema, { name: 'F' }), '{"a":"x"}').reason).toBe('the own schema threw')
    // zod tries again asynchronously then
    const zod = z.object({ a: z.string().refine(throws) })
    expect(failureOf(json(zod, { name: 'A' }), '{"a":"x"}').reason).toBe(
      'the zod schema gave no answer at once: it is asynchronous, or threw',
    )
  })
})

describe('a schema of another version', () => {
  it('is refused', () => {
    expect(() =>
      json({
        '~standard': { version: 2, vendor: 'new', validate: (value: unknown) => ({ value }) },
      } as never),
    ).toThrow(InvalidOption)
  })
})

describe('a codec that checks on writing', () => {
  const Flight = t.type({ origin: t.string }, 'Flight')
  const schema = z.object({ origin: z.string() })
  const options = { name: 'Flight', checkOnWrite: true }
  const wrong = { origin: 17 } as unknown as { origin: string }

  it.each([json(Flight, options), msgpack(Flight, options), json(schema, options), msgpack(schema, options)])(
    'refuses what is not of the type, and writes the rest: $name',
    (codec) => {
      expect(() => codec.encode(wrong)).toThrow(EncodeFailed)
      expect(codec.decode(codec.encode({ origin: 'ATL' }))).toStrictEqual(right({ origin: 'ATL' }))
    },
  )

  it('is one that was asked to', () => {
    expect(() => json(Flight).encode(wrong)).not.toThrow()
  })
})
