import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { Room } from '../src/Room.ts'

test('what is asked for counts as taken, so that there is never room for more than the disk has', () => {
  const room = new Room(tmpdir())
  const { bavail, bsize } = statfsSync(tmpdir())
  const free = bavail * bsize
  expect(room.isFor(1000)).toBe(true)
  expect(room.isFor(free)).toBe(false)
  expect(room.isFor(free)).toBe(false)
  expect(room.isFor(1000), 'asked anew when it seems to be gone').toBe(true)
})

test('a disk that cannot be asked has room, since it will say itself that it has none', () => {
  expect(new Room('/nowhere/at/all').isFor(1 << 30)).toBe(true)
})
