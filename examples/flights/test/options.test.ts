import { UsageError } from '@weir/example-program'
import { expect, test } from 'vitest'
import { parseOptions } from '../src/options.ts'

test('begins afresh with six kills unless told otherwise', () => {
  expect(parseOptions([])).toMatchObject({ keep: false, kills: 6, help: false })
  expect(parseOptions([]).data).toMatch(/examples\/flights\/\.data$/)
  expect(parseOptions(['--keep', '--data', '/tmp/x', '--kills', '0'])).toEqual({
    keep: true,
    data: '/tmp/x',
    kills: 0,
    help: false,
  })
})

test.each([
  ['--kills', '-1'],
  ['--kills', 'many'],
  ['--kills', '1001'],
  ['--kills='],
  ['--data='],
  ['--what'],
  ['there'],
])('refuses what it does not understand: %s %s', (...args) => {
  expect(() => parseOptions(args.filter((arg) => arg !== undefined))).toThrow(UsageError)
})
