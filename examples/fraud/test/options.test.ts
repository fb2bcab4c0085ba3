import { UsageError } from '@weir/example-program'
import { expect, test } from 'vitest'
import { parseOptions } from '../src/options.ts'

test('options have defaults, and are checked', () => {
  expect(parseOptions([])).toMatchObject({ events: 100_000, kills: 5, help: false })
  expect(parseOptions(['--events', '7', '--kills', '0', '--help'])).toMatchObject({ events: 7, kills: 0, help: true })
  expect(() => parseOptions(['--events', '0'])).toThrow("--events is '0'; expected a whole number from 1 to 10000000")
  expect(() => parseOptions(['--kills', 'many'])).toThrow(UsageError)
})
