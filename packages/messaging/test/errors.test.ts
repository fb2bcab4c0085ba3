import { WeirError } from '@weir/core'
import { expect, test } from 'vitest'
import * as messaging from '../src/index.ts'

const isErrorClass = (value: unknown): value is new (message: string) => WeirError =>
  typeof value === 'function' && value.prototype instanceof WeirError
const errors = Object.entries(messaging).flatMap(([name, value]) =>
  isErrorClass(value) ? [[name, value] as const] : [],
)

test.each(errors)('%s has its name as its tag', (name, error) => {
  expect(new error('message')).toMatchObject({ _tag: name, name })
})
test('every error is there', () => {
  expect(errors.length).toBeGreaterThan(8)
})
