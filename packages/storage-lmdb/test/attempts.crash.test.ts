import { bytes, entry, int32, nullable, topic, utf8 } from '@weir/core'
import { expect, test } from 'vitest'
import { type Child, runFixture } from './child.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { openWeir } from './support/openWeir.ts'

const numbers = topic('numbers', { key: utf8, value: int32 })
const done = topic('done', { key: utf8, value: int32 })
const dead = topic('work-dead-letters', { key: nullable(bytes), value: nullable(bytes) })

const begun = ({ lines }: Child, value: number): ReadonlyArray<string> =>
  lines.filter((line) => line.startsWith(`begun ${value} `)).map((line) => line.slice(`begun ${value} `.length))

test(
  'attempts, holes and the order of a key outlive SIGKILL: the next process goes on with the next attempt',
  { timeout: 120_000 },
  async () => {
    const { weir, path } = await openWeir()
    const records = [['a', 1], ['a', 2], ['b', 3], ['c', 4], ['d', 9], ['e', 5]] as const // prettier-ignore
    await weir.append(...records.map(([key, value]) => entry(numbers, key, value)))
    const lag = async (): Promise<number> => (await weir.group('work').lag())[0]!.lag
    const sent = async (): Promise<ReadonlyArray<number>> => {
      const values: number[] = []
      for await (const record of weir.topic(done).from('earliest').toEnd()) {
        if (record._tag === 'Record') values.push(record.value)
      }
      return values
    }

    for (const attempt of ['1', '2', '3']) {
      const child = runFixture('retrying', [path, 'stuck'])
      await child.line('kept 2')
      // what is stuck, waits for its next attempt or for another record is a row, and holds the position no longer
      await expect.poll(lag, { timeout: 30_000 }).toBe(0)
      child.kill('SIGKILL')
      await child.exited
      // what was cut off begins anew, and does not count
      expect([1, 2, 3, 9].map((value) => begun(child, value))).toEqual([[attempt], [], ['1'], [attempt]])
      expect(await sent()).toEqual([4, 5])
    }
    const last = runFixture('retrying', [path, 'free'])
    await last.line('dead 4')
    await expect
      .poll(async () => (await sent()).toSorted((a, b) => a - b), { timeout: 30_000 })
      .toEqual([1, 2, 3, 4, 5])
    expect((await sent()).filter((value) => value <= 2)).toEqual([1, 2])
    expect([1, 2, 3, 9].map((value) => begun(last, value))).toEqual([['4'], ['1'], ['1'], ['4']])
    last.say('stop')
    await last.exited

    const letters: Array<string | undefined> = []
    for await (const record of weir.topic(dead).from('earliest').toEnd()) letters.push(record.headers['weir.attempts'])
    expect(letters).toEqual(['4'])
    await expectHealthy(path)
  },
)
