import { UsageError } from '@weir/example-program'
import { expect, test } from 'vitest'
import { parseOptions } from '../src/options.ts'

test('asks ten times what two backends do unless told otherwise', () => {
  expect(parseOptions([])).toMatchObject({ seconds: 16, rate: 1_000, kills: 10, help: false })
  expect(parseOptions([]).data).toMatch(/examples\/flash-sale\/\.data$/)
  expect(parseOptions(['--seconds', '3', '--rate', '200', '--kills', '0', '--data', '/tmp/x', '-h'])).toEqual({
    seconds: 3,
    rate: 200,
    kills: 0,
    data: '/tmp/x',
    help: true,
  })
})

test.each([
  ['--seconds', '0'],
  ['--seconds', 'long'],
  ['--rate', '0'],
  ['--rate', '100001'],
  ['--kills', '-1'],
  ['--kills', '1001'],
  ['--data='],
  ['--what'],
  ['there'],
])('refuses what it does not understand: %s %s', (...args) => {
  expect(() => parseOptions(args.filter((arg) => arg !== undefined))).toThrow(UsageError)
})
