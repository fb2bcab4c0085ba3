import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownText } from '../../src/model/ownText.ts'
import { text } from './arbitraries.ts'

describe('ownText', () => {
  it('is the same text', () => {
    fc.assert(fc.property(text, (given) => ownText(given) === given))
    expect(ownText('x'.repeat(1_000))).toBe('x'.repeat(1_000))
  })
})
