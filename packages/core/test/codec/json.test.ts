import { isRight, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { json, jsonUnchecked } from '../../src/codec/json.ts'
import { EncodeFailed, InvalidOption } from '../../src/model/errors.ts'
import { failureOf } from './laws.ts'

const Flight = t.type({ origin: t.string, delay: t.number, legs: t.array(t.type({ to: t.string })) }, 'Flight')
const flights = json(Flight)
const valid = { origin: 'ATL', delay: 3, legs: [{ to: 'SFO' }] }

type Deep = null | { readonly a: Deep }

const DateFromText = new t.Type<Date, string, unknown>(
  'DateFromText',
  (value) => value instanceof Date,
  (value, context) => {
    const date = new Date(typeof value === 'string' ? value : Number.NaN)
    return Number.isNaN(date.getTime()) ? t.failure(value, context) : t.success(date)
  },
  (date) => date.toISOString(),
)

describe('json', () => {
  it('says where a value is wrong and what was expected there, and never shows the value', () => {
    const failure = failureOf(flights, '{"origin":"SECRET1","delay":"SECRET2","legs":[{"to":"a"},{"to":17}]}')
    expect(failure.reason).toBe('expected number at .delay, expected string at .legs.1.to')
    expect(failure.errors.length).toBe(2)
    expect(new TextDecoder().decode(failure.bytes)).toContain('SECRET2')
  })

  it('names neither the keys of dictionaries nor the parts of unions and intersections as places', () => {
    const type = t.type({
      byUser: t.record(t.string, t.number),
      either: t.union([t.string, t.type({ a: t.number })]),
      both: t.intersection([t.type({ b: t.number }), t.partial({ c: t.number })]),
    })
    const failure = failureOf(json(type), '{"byUser":{"SECRET":"x"},"either":{"a":"x"},"both":{"b":"x"}}')
    expect(failure.reason).toBe(
      'expected number at .byUser[key], expected string at .either, expected number at .either.a, expected number at .both.b',
    )
  })

  it('keeps its reasons short', () => {
    const wide = t.type(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, t.string])))
    expect(failureOf(json(wide), '{}').reason).toMatch(/ and 95 more$/)
    expect(failureOf(json(wide), '7').reason.length).toBeLessThan(120)
  })

  it('refuses what is no JSON and what is no text', () => {
    expect(failureOf(flights, '{"origin":').reason).toBe('expected JSON')
    expect(failureOf(flights, '').reason).toBe('expected JSON')
    expect(failureOf(flights, new Uint8Array([0x22, 0xff, 0x22])).reason).toBe('expected UTF-8 text')
  })

  it.each(['__proto__', 'constructor', 'prototype'])(
    'refuses objects with a key %s, however deep and however it is spelled',
    (key) => {
      const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`
      for (const spelled of [key, escaped]) {
        for (const text of [`{"${spelled}":{"a":1}}`, `[1,{"a":[{"${spelled}":null}]}]`]) {
          expect(failureOf(json(t.unknown), text).reason).toContain(`'${key}'`)
          expect(failureOf(jsonUnchecked(), text).reason).toContain(`'${key}'`)
        }
      }
      expect(isRight(jsonUnchecked().decode(new TextEncoder().encode(`{"a":"${key}"}`)))).toBe(true)
      expect(() => jsonUnchecked().encode(JSON.parse(`{"a":{"${key}":1}}`))).toThrow(EncodeFailed)
    },
  )

  it('refuses text that is nested beyond the stack, without a throw', () => {
    const deep = '[1,'.repeat(200_000) + '1' + ']'.repeat(200_000)
    expect(failureOf(jsonUnchecked(), deep)._tag).toBe('DecodeFailure')
    const Deep: t.Type<Deep> = t.recursion('Deep', () => t.union([t.null, t.readonly(t.type({ a: Deep }))]))
    expect(failureOf(json(Deep), '{"a":'.repeat(200_000) + 'null' + '}'.repeat(200_000))._tag).toBe('DecodeFailure')
  })

  it('does not write what would not come back', () => {
    const any = jsonUnchecked<unknown>()
    for (const value of [undefined, () => 1, Symbol('s'), Number.NaN, { a: [Infinity] }, [null, -Infinity]]) {
      expect(() => any.encode(value)).toThrow(EncodeFailed)
      expect(() => any.text?.encode(value)).toThrow(EncodeFailed)
    }
    expect(() => any.encode(undefined)).toThrow('codec json was given undefined; JSON has no form for it')
    expect(any.text?.encode({ a: null, b: 'null' })).toBe('{"a":null,"b":"null"}')
  })

  it('never shows what it was given in an error', () => {
    const secret = Object.assign(() => 1, { toString: () => 'SECRET' })
    expect(() => jsonUnchecked().encode(secret)).toThrow(/^codec json was given a function; JSON has no form for it$/)
  })

  it('converts with io-ts types that do, both ways', () => {
    const codec = json(t.type({ at: DateFromText }, 'At'))
    const value = { at: new Date(5) }
    expect(codec.text?.encode(value)).toBe('{"at":"1970-01-01T00:00:00.005Z"}')
    expect(codec.decode(codec.encode(value))).toStrictEqual(right(value))
    expect(failureOf(codec, '{"at":"SECRET"}').reason).toBe('expected DateFromText at .at')
  })

  it('leaves out what an exact type does not have, when written and when read', () => {
    const codec = json(t.strict({ a: t.number }))
    expect(codec.text?.encode({ a: 1, b: 2 } as { a: number })).toBe('{"a":1}')
    expect(codec.text?.decode('{"a":1,"b":2}')).toStrictEqual(right({ a: 1 }))
  })

  it('has a failure, and no throw, for a type that throws', () => {
    const codec = json(
      t.refinement(
        t.number,
        () => {
          throw new Error('SECRET')
        },
        'Throwing',
      ),
    )
    expect(failureOf(codec, '1').reason).toBe('the type Throwing threw')
  })

  it('is named after its type, within 200 characters', () => {
    expect(flights.name).toBe('json(Flight)')
    expect(json(t.string, { name: 'Name' }).name).toBe('json(Name)')
    const named = (last: string) =>
      json(t.keyof(Object.fromEntries([...Array(100).keys(), last].map((key) => [`key${key}`, null]))))
    expect(named('a').name.length).toBeLessThanOrEqual(200)
    expect(named('a').name).toBe(named('a').name)
    expect(named('a').name).not.toBe(named('b').name)
  })

  it('refuses what is no type before anything is written', () => {
    for (const given of [undefined, null, 'string', {}, t, () => 1])
      expect(() => json(given as never)).toThrow(InvalidOption)
  })

  it('decodes valid values to themselves', () => {
    expect(flights.decode(flights.encode(valid))).toStrictEqual(right(valid))
  })
})
