import { entry, int32, topic, utf8 } from '@weir/core'
import { expect, test } from 'vitest'
import { runFixture } from './child.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { openWeir } from './support/openWeir.ts'

const numbers = topic('numbers', { key: utf8, value: int32, partitions: 2 })
const told = topic('told', { key: utf8, value: utf8 })
const count = 300

test(
  'of two processes that race for an id one is told that it is the first, and both get its result, also when one is killed',
  { timeout: 120_000 },
  async () => {
    const { weir, path } = await openWeir()
    const racers = [runFixture('claiming', [path]), runFixture('claiming', [path])]
    for (const racer of racers) await racer.line('assigned 1')
    /** By number, what both of its records were told. */
    const answers = async (): Promise<ReadonlyMap<string, ReadonlyArray<string>>> => {
      const byNumber = new Map<string, string[]>()
      for await (const record of weir.topic(told).from('earliest').toEnd()) {
        if (record._tag === 'Record') byNumber.set(record.key, [...(byNumber.get(record.key) ?? []), record.value])
      }
      return byNumber
    }
    const settled = async (): Promise<number> => [...(await answers()).values()].flat().length

    for (let n = 0; n < count; n += 50) {
      const records = Array.from({ length: 50 }, (_, index) => n + index).flatMap((number) =>
        [0, 1].map((partition) => entry(numbers, String(number), number, { partition })),
      )
      await weir.append(...records)
      await expect.poll(settled, { timeout: 30_000 }).toBeGreaterThan(2 * n)
      if (n === 150) racers[1]!.kill('SIGKILL')
    }
    await expect.poll(settled, { timeout: 60_000 }).toBe(2 * count)

    for (const [number, values] of await answers()) {
      const both = values.map((value) => JSON.parse(value) as Record<string, unknown>)
      const counts = [
        both.length,
        both.filter(({ isFirst }) => isFirst).length,
        both.filter(({ isNext }) => isNext).length,
      ]
      expect([number, ...counts, new Set(both.map(({ drawn }) => drawn)).size]).toEqual([number, 2, 1, 1, 1])
    }
    await expectHealthy(path)
  },
)
