import { expect, test } from 'vitest'
import { restartDelay } from '../src/internal/restartDelay.ts'

test('waits not at all at first, then twice as long each time, and never longer than 2 s', () => {
  expect([0, 1, 2, 3, 4, 7, 8, 100].map(restartDelay)).toEqual([0, 0, 50, 100, 200, 1_600, 2_000, 2_000])
})
