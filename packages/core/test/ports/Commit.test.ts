import { expect, test } from 'vitest'
import { commitOf } from '../../src/ports/Commit.ts'

test('a commit is complete: what is left out is empty', () => {
  expect(commitOf({})).toEqual({
    fence: undefined,
    expect: [],
    append: [],
    positions: [],
    rows: [],
    trim: [],
    replace: [],
  })
  const rows = [{ key: new Uint8Array(1), value: null }]
  expect(commitOf({ rows, fence: { owner: 'a', epoch: 1 } })).toEqual({
    fence: { owner: 'a', epoch: 1 },
    expect: [],
    append: [],
    positions: [],
    rows,
    trim: [],
    replace: [],
  })
})
