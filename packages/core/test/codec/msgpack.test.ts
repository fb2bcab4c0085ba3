import { isRight, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { pack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { msgpack } from '../../src/codec/msgpack.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { EncodeFailed } from '../../src/model/errors.ts'
import { failureOf } from './laws.ts'

const any = msgpack<unknown>()

describe('msgpack', () => {
  it('reads and writes plain MessagePack, as other programs have it', () => {
    const value = { a: 1, b: 'x', c: [true, null, 1.5] }
    expect(any.encode(value)).toEqual(new Uint8Array(pack(value)))
    expect(any.encode({ a: 1 })).toEqual(new Uint8Array([0xde, 0x00, 0x01, 0xa1, 0x61, 0x01]))
    expect(any.decode(new Uint8Array([0x81, 0xa1, 0x61, 0x01]))).toStrictEqual(right({ a: 1 }))
  })

  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1, -33, 0.5])(
    'reads %d as it was written',
    (value) => {
      expect(any.decode(any.encode(value))).toStrictEqual(right(value))
      expect(any.decode(new Uint8Array(pack(value)))).toStrictEqual(right(value))
    },
  )

  it.each([
    [[0xc0], null],
    [[0xd0, 0x80], -128],
    [[0xd1, 0xff, 0x00], -256],
    [[0xa1, 0x61], 'a'],
    [[0xa2, 0x61, 0x62], 'ab'],
  ] as const)('takes %j for no count', (bytes, value) => {
    expect(any.decode(Uint8Array.from(bytes))).toStrictEqual(right(value))
  })

  it('leaves the Maps of other users of the library alone', () => {
    expect(new Uint8Array(pack(new Map([['a', 1]])))).toEqual(new Uint8Array([0x81, 0xa1, 0x61, 0x01]))
  })

  it('gives plain bytes when it writes, and bytes of their own when it reads', () => {
    const bytes = any.encode({ a: new Uint8Array([1, 2]) })
    expect(bytes.constructor).toBe(Uint8Array)
    expect(any.decode(Buffer.from(bytes))).toStrictEqual(right({ a: new Uint8Array([1, 2]) }))
    const binary = new Uint8Array([0xc4, 2, 1, 2])
    const decoded = any.decode(binary)
    binary.fill(0)
    expect(decoded).toStrictEqual(right(new Uint8Array([1, 2])))
  })

  it.each(['__proto__', 'constructor', 'prototype'])(
    'neither writes nor reads objects with a key %s, but takes it in a Map',
    (key) => {
      const value = JSON.parse(`{"a":[{"${key}":1}]}`) as unknown
      for (const given of [value, new Map([['m', value]]), new Map([[value, 'm']]), new Set([value])]) {
        expect(() => any.encode(given)).toThrow(EncodeFailed)
      }
      const map = new Map([[key, 1]])
      expect(any.decode(any.encode(map))).toStrictEqual(right(map))
      const foreign = any.decode(new Uint8Array(pack(value)))
      if (key === '__proto__') expect(foreign).toStrictEqual(right({ a: [{ __proto_: 1 }] }))
      else expect(failureOf(any, new Uint8Array(pack(value))).reason).toContain(key)
    },
  )

  it('does not write functions and symbols', () => {
    for (const given of [() => 1, Symbol('s')]) expect(() => any.encode(given)).toThrow(EncodeFailed)
  })

  it('checks with the type that it is given', () => {
    const codec = msgpack(t.type({ at: t.number }, 'At'))
    expect(codec.name).toBe('msgpack(At)')
    expect(codec.decode(codec.encode({ at: 1 }))).toStrictEqual(right({ at: 1 }))
    expect(failureOf(codec, any.encode({ at: 'SECRET' })).reason).toBe('expected number at .at')
    expect(failureOf(codec, new Uint8Array([0xc1, 0xc1])).reason).toBe('expected MessagePack')
  })

  it('is not led to large allocations by a few bytes', () => {
    for (const head of [0xdd, 0xdf, 0xdb, 0xc6, 0xc9]) {
      expect(isRight(any.decode(new Uint8Array([head, 0xff, 0xff, 0xff, 0xff, 0x01])))).toBe(false)
    }
  })
})

describe('nullable', () => {
  it('is the codec itself, with null allowed', () => {
    const codec = nullable(utf8)
    expect(codec).toMatchObject({ name: 'nullable(utf8)', nullable: true, ordered: true })
    expect(codec.decode(codec.encode('x'))).toStrictEqual(right('x'))
    expect(codec.text?.decode('x')).toStrictEqual(right('x'))
    expect(utf8.nullable).toBe(undefined)
  })
})
