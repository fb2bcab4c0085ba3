import { EncodeFailed, int32, job, OperatorFailed, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { map, to } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

const other = topic('other', { key: utf8, value: int32, partitions: 3 })

describe('to', () => {
  test('appends each record to the topic, with its time, and passes it on', async () => {
    const both = job('j')
      .from(numbers)
      .pipe(
        to(results),
        map((n) => `${n}!`),
        to(texts),
      )
    expect(await through(both, texts, [['a', 1, 5]])).toEqual(['a@5: 1!'])
    expect(await through(both, results, [['a', 1, 5]])).toEqual(['a@5: 1'])
  })

  test('keeps headers, and the partition is the topic’s matter', async () => {
    const driver = await jobDriver(job('j').from(numbers).pipe(to(other)))
    const keys = Array.from('abcdefgh')
    await driver.send(
      numbers,
      keys.map((key) => ({ key, value: 1, headers: { of: key } })),
    )
    const found = await driver.output(other)
    expect(new Set(found.map(({ partition }) => partition)).size).toBe(3)
    for (const { key, headers } of found) expect(headers).toEqual({ of: key })
    await driver.close()
  })

  test('a value that its codec refuses is set aside; ten in a row, and the job ends, and names topic and offset', async () => {
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(
          map((n) => (n === 1 ? 0.5 : n)),
          to(results),
        ),
      { badRecords: 'set-aside' },
    )
    const one = { key: 'a', value: 1 }
    await driver.send(numbers, [one, { key: 'a', value: 2 }])
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([2])
    const sending = driver.send(
      numbers,
      Array.from({ length: 11 }, () => one),
    )
    await expect(sending).rejects.toThrow(OperatorFailed)
    await expect(sending).rejects.toThrow(/'numbers' partition 0 at offset 12.*topic 'results'/)
    await expect(sending).rejects.toMatchObject({ cause: expect.any(EncodeFailed) })
    await driver.close()
  })
})
