import * as t from 'io-ts'
import * as v from 'valibot'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { Codec } from '../../src/codec/Codec.ts'
import { json, jsonUnchecked } from '../../src/codec/json.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'

interface A {
  a: string
}

describe('codecs', () => {
  it('take their type from what they are given', () => {
    expectTypeOf(json(t.type({ a: t.string }))).toEqualTypeOf<Codec<A>>()
    expectTypeOf(json(t.union([t.string, t.number]))).toEqualTypeOf<Codec<string | number>>()
    expectTypeOf(json(z.object({ a: z.string() }), { name: 'A' })).toEqualTypeOf<Codec<A>>()
    expectTypeOf(json(v.object({ a: v.string() }), { name: 'A' })).toEqualTypeOf<Codec<A>>()
    expectTypeOf(msgpack(t.type({ a: t.string }))).toEqualTypeOf<Codec<A>>()
    expectTypeOf(msgpack(z.object({ a: z.string() }), { name: 'A' })).toEqualTypeOf<Codec<A>>()
    expectTypeOf(msgpack<A>()).toEqualTypeOf<Codec<A>>()
    expectTypeOf(jsonUnchecked<A>()).toEqualTypeOf<Codec<A>>()
    expectTypeOf(nullable(utf8)).toEqualTypeOf<Codec<string | null>>()
  })

  it('refuse what is no type', () => {
    // @ts-expect-error a number is no type
    json(7)
    // @ts-expect-error a class is no type
    json(Date)
  })
})
