import { isRight, right } from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { compileGuard } from '../../src/codec/compileGuard.ts'
import { anything, type Sample, samples, Tree } from './types.ts'

const agrees = ({ type }: Sample, value: unknown): void => {
  const guard = compileGuard(type)
  expect(guard, type.name).toBeDefined()
  const accepted = guard!.accepts(value)
  const decoded = type.decode(value)
  if (accepted) expect(decoded).toStrictEqual(right(value))
  if (!accepted && guard!.isComplete) expect(isRight(decoded)).toBe(false)
  if (accepted && guard!.encodesAsItIs) expect(type.encode(value)).toStrictEqual(value)
}

describe('compileGuard', () => {
  it('accepts only what io-ts decodes to the very same value, whatever the type and the value', () => {
    fc.assert(fc.property(samples, anything, agrees), { numRuns: 2_000 })
  })

  it('accepts the values of a type, so that they need not go the slow way', () => {
    const pairs = samples.chain((sample) => sample.values.map((value) => ({ sample, value })))
    let accepted = 0
    let count = 0
    fc.assert(
      fc.property(pairs, ({ sample, value }) => {
        agrees(sample, value)
        count++
        if (compileGuard(sample.type)!.accepts(value)) accepted++
      }),
      { numRuns: 1_000 },
    )
    expect(accepted / count).toBeGreaterThan(0.95)
  })

  it('leaves to io-ts what it would change', () => {
    const strip = t.strict({ a: t.string })
    expect(compileGuard(strip)?.accepts({ a: 'x', b: 1 })).toBe(false)
    expect(compileGuard(t.union([strip, t.UnknownRecord]))?.accepts({ a: 'x', b: 1 })).toBe(false)
    expect(compileGuard(t.type({ a: t.union([t.string, t.undefined]) }))?.accepts({})).toBe(false)
    expect(compileGuard(t.tuple([t.string]))?.accepts(['x', 'y'])).toBe(false)
    expect(
      compileGuard(
        t.record(
          t.refinement(t.string, (key) => key.length === 1),
          t.number,
        ),
      )?.accepts({ aa: 1 }),
    ).toBe(false)
  })

  it('follows types that hold themselves', () => {
    const guard = compileGuard(Tree)
    expect(guard?.accepts({ value: 1, children: [{ value: 2, children: [] }] })).toBe(true)
    expect(guard?.accepts({ value: 1, children: [{ value: '2', children: [] }] })).toBe(false)
  })

  it('knows nothing of a type that is not io-ts own, at any depth', () => {
    const own = new t.Type<string, string, unknown>('Own', t.string.is, t.string.validate, t.identity)
    const clone = (change: Partial<t.Any>): t.Any =>
      Object.assign(Object.create(Object.getPrototypeOf(t.string)), t.string, change)
    const trimmed = clone({ validate: (value) => right(String(value).trim()) })
    for (const type of [own, trimmed, { ...t.string } as unknown as t.Any]) {
      expect(compileGuard(type)).toBe(undefined)
      expect(compileGuard(t.type({ a: t.array(t.union([t.number, type])) }))).toBe(undefined)
    }
    expect(compileGuard(t.record(t.keyof({ a: null }), t.string))).toBe(undefined)
  })

  it('does not take an encode that somebody replaced for the identity', () => {
    const loud = Object.assign(Object.create(Object.getPrototypeOf(t.string)), t.string, {
      encode: (value: string) => value.toUpperCase(),
    }) as typeof t.string
    expect(compileGuard(loud)?.encodesAsItIs).toBe(false)
    expect(compileGuard(t.type({ a: t.readonlyArray(loud) }))?.encodesAsItIs).toBe(false)
    expect(compileGuard(t.intersection([t.type({ a: t.string }), t.record(t.string, t.unknown)]))?.encodesAsItIs).toBe(
      true,
    )
  })
})
