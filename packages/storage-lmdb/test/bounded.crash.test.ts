import { topic, utf8, type WhenFull } from '@weir/core'
import { expect, test } from 'vitest'
import { type Child, runFixture } from './child.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { openWeir } from './support/openWeir.ts'

const countMax = 20
const ackedBy = ({ lines }: Child): ReadonlyArray<string> =>
  lines.filter((line) => line.startsWith('acked ')).map((line) => line.slice('acked '.length))

test.each<WhenFull>(['wait', 'reject', 'drop-newest'])(
  'a bounded topic (%s) never holds more than its capacity, whoever fills it and is killed, and all that was acknowledged is handled once',
  { timeout: 120_000 },
  async (whenFull) => {
    const { weir, path } = await openWeir()
    const tasks = topic('tasks', { key: utf8, value: utf8, capacity: { countMax, whenFull } })
    const handled: string[] = []
    const running = await weir
      .topic(tasks)
      .group('shop')
      .process((value) => void handled.push(value), { batchRecordsMax: 7 })
    const { firstPartition } = weir.topics().find(({ name }) => name === 'tasks')!
    let most = 0
    // the end first: what is consumed in between can only make less of it
    const stopWatching = weir.storage.onChange(() => {
      const { end } = weir.storage.bounds(firstPartition)
      most = Math.max(most, end - weir.storage.position('shop', firstPartition))
    })
    const all: Child[] = []
    for (let round = 0; round < 2; round++) {
      const fillers = ['a', 'b'].map((name) => runFixture('filling', [path, `${name}${round}-`, whenFull]))
      all.push(...fillers)
      for (const filler of fillers)
        await expect.poll(() => ackedBy(filler).length, { timeout: 30_000 }).toBeGreaterThan(40)
      running.pause()
      await expect.poll(() => most, { timeout: 30_000 }).toBe(countMax)
      for (const filler of fillers) {
        filler.kill('SIGKILL')
        await filler.exited
      }
      running.resume()
    }
    await expect.poll(() => running.metrics().lag, { timeout: 30_000 }).toBe(0)
    stopWatching()
    expect(most).toBe(countMax)
    expect(new Set(handled).size).toBe(handled.length)
    const missing = all.flatMap(ackedBy).filter((value) => !handled.includes(value))
    expect(missing).toEqual([])
    expect(all.some(({ lines }) => lines.includes('refused'))).toBe(whenFull !== 'wait')
    await expectHealthy(path)
  },
)
