import { expect, test } from 'vitest'
import { Progress, type Screen } from '../src/Progress.ts'

const run = (screen: Omit<Screen, 'write'>): string => {
  let written = ''
  const progress = new Progress({ ...screen, write: (text) => (written += text) })
  progress.show('in order, seed 1: q5')
  progress.ended('in order, seed 1, q5: equal')
  progress.clear()
  return written
}

test('a line tells of each run that has ended where there is no terminal', () => {
  expect(run({})).toBe('in order, seed 1, q5: equal\n')
})

test('one line is written anew on a terminal, and never wraps', () => {
  expect(run({ isTTY: true, columns: 11 })).toBe('\r\x1b[Kin order, \r\x1b[Kin order, \r\x1b[K')
})
