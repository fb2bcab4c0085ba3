import { expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { runFixture } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { ownFolder } from './scene.ts'
import { expectSound } from './support/expectHealthy.ts'

vi.setConfig({ testTimeout: 180_000 })

const rounds = 6
/** A process that waits for itself never ends; this is for a busy machine. */
const withinMs = 25_000

test.concurrent.for<readonly [string, number]>([
  ['exit', 3],
  ['throw', 1],
])(
  'a process that ends while it commits ends at once, with its exit code, and holds no lock: %s',
  async ([how, code], { onTestFinished }) => {
    const folder = ownFolder(onTestFinished)
    for (let round = 0; round < rounds; round++) {
      const child = runFixture('exiter', [folder, how, 100 + round * 7])
      const exit = await Promise.race([
        child.exited,
        new Promise((resolve) => setTimeout(() => resolve('it does not end'), withinMs).unref()),
      ])
      expect(exit).toEqual({ code, signal: null })
      const acked = child.lines.map((line) => Number(line.slice('acked '.length)))
      const storage = await lmdb(folder).open()
      const numbers = readNumbers(storage, 0)
      expect(numbers.length).toBeGreaterThanOrEqual(Math.max(-1, ...acked) + 1)
      expect(numbers).toEqual(numbers.map((_, index) => index))
      await storage.close()
      await expectSound(folder)
    }
  },
)
