import { describe, expect, it } from 'vitest'
import { InvalidName } from '../../src/model/errors.ts'
import { validateName } from '../../src/model/TopicName.ts'

describe('validateName', () => {
  it.each(['a', 'orders.v1', '...', '.hidden', 'A_b-9', 'x'.repeat(249)])('allows %j', (name) => {
    expect(validateName('topic', name)).toBe(undefined)
  })

  it.each([
    '',
    '.',
    '..',
    'a/b',
    '../etc',
    'a\\b',
    'a b',
    'é',
    'a\n',
    'a\u0000',
    'x'.repeat(250),
    undefined,
    null,
    7,
    ['a'],
  ])('refuses %j', (name) => {
    expect(() => validateName('topic', name as string)).toThrow(InvalidName)
  })

  it('says what was given, without characters that disturb a terminal, and what is expected', () => {
    const message = messageOf('a\u001b[2J\n\u009b\u202e\u2028b')
    expect(message).toContain('topic name "a\\u001b[2J\\n\\u009b\\u202e\\u2028b"')
    expect(message).toContain('expected 1 to 249 characters')
    expect(messageOf('y'.repeat(10_000)).length).toBeLessThan(300)
    expect(messageOf('y'.repeat(10_000))).toContain('(10000 characters)')
    expect(messageOf(undefined)).toContain('of type undefined')
  })
})

const messageOf = (name: unknown): string => {
  try {
    validateName('topic', name as string)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('the name was allowed')
}
