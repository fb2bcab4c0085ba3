import { bytes, int32, type Job, job, nullable, OperatorFailed, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type JobDriver,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asOfJoin,
  count,
  leftAsOfJoin,
  leftJoin,
  map,
  mapAsync,
  outerJoin,
  suppress,
  to,
  tumbling,
} from '../src/index.ts'

const left = topic('left', { key: utf8, value: int32, partitions: 2 })
const right = topic('right', { key: utf8, value: int32, partitions: 2 })
const found = topic('found', { key: utf8, value: utf8, partitions: 2 })
const aside = topic('j-bad-records', { key: nullable(bytes), value: nullable(bytes) })

const picky = (value: unknown): string => {
  const text = String(value)
  if (text.includes('13')) throw new Error(`${text} is unlucky`)
  return text
}
const settings = { historyMs: 5, codecs: { right: int32 } }
const jobs: ReadonlyArray<readonly [what: string, operator: string, Job]> = [
  [
    'the joiner of an as-of join',
    "operator asOfJoin 't'",
    job('j')
      .from(left)
      .pipe(
        asOfJoin('t', right, (a, b) => picky(`${a} ${b}`), settings),
        to(found),
      ),
  ],
  [
    'an operator behind an as-of join',
    'operator map',
    job('j')
      .from(left)
      .pipe(
        asOfJoin('t', right, (a, b) => `${a} ${b}`, settings),
        map(picky),
        to(found),
      ),
  ],
  [
    'an operator behind a left join',
    'operator map',
    job('j')
      .from(left)
      .pipe(
        leftJoin('t', right, (a, b) => (b === null ? `${a} -` : ''), {
          within: { beforeMs: 4, afterMs: 0 },
          codecs: { left: int32 },
        }),
        map(picky),
        to(found),
      ),
  ],
  [
    'a call behind an as-of join',
    "operator mapAsync 'call'",
    job('j')
      .from(left)
      .pipe(
        asOfJoin('t', right, (a, b) => `${a} ${b}`, settings),
        mapAsync('call', async (text) => Promise.resolve(text).then(picky), { concurrencyMax: 3 }),
        to(found),
      ),
  ],
  [
    'an operator behind updates that are held back',
    'operator map',
    job('j')
      .from(left)
      .pipe(suppress('t', { untilMs: 1, codec: int32 }), map(picky), to(found)),
  ],
]

const decoded = (value: unknown) => ({ _tag: 'Right', right: value })
const at = (key: string, value: number, timestamp: number) => ({ key, value, timestamp })

describe.each(jobs)('%s', (_what, operator, law) => {
  const send = async (driver: JobDriver, values: ReadonlyArray<number>, fromMs: number): Promise<void> => {
    await driver.send(
      right,
      values.flatMap((_, n) => [at('a', 0, fromMs + n * 10 - 5), at('b', 0, fromMs + n * 10 - 5)]),
    )
    await driver.send(
      left,
      values.map((value, n) => at('a', value, fromMs + n * 10)),
    )
  }

  test('has the record set aside that had waited, and the others go on', async () => {
    const driver = await jobDriver(law, { badRecords: 'set-aside' })
    await send(driver, [1, 2, 13, 4, 1_300, 6], 10)
    await driver.finish()
    const given = (await driver.output(found)).map(({ value }) => Number(value.split(' ')[0]))
    expect(given).toEqual([1, 2, 4, 6])
    const bad = await driver.output(aside)
    expect(bad.map(({ key, value, timestamp }) => [utf8.decode(key!), int32.decode(value!), timestamp])).toEqual([
      [decoded('a'), decoded(13), 30],
      [decoded('a'), decoded(1_300), 50],
    ])
    expect(bad[0]!.headers).toMatchObject({ 'weir.topic': 'left', 'weir.part': 'processing' })
    expect(bad[0]!.headers['weir.cause']).toMatch(new RegExp(`^${operator} threw: 13.* is unlucky$`))
    await driver.close()
  })

  test('ends the run with the eleventh in a row, also when they come one by one', async () => {
    const driver = await jobDriver(law, { badRecords: 'set-aside' })
    const allButOne = async (fromMs: number): Promise<void> => {
      for (let n = 0; n < 10; n++) await send(driver, [13], fromMs + n * 10)
    }
    await allButOne(10)
    await send(driver, [1], 110)
    await allButOne(120)
    expect(driver.isRunning).toBe(true)
    await expect(
      (async () => {
        await send(driver, [13, 13, 13], 220)
        await driver.finish()
      })(),
    ).rejects.toThrow(OperatorFailed)
    await driver.close()
  })

  test('keeps the laws', async () => {
    const times = { stepMsMax: 9, disorderMsMax: 3 }
    const value = fc.constantFrom(1, 2, 3, 4, 5, 13)
    const inputs = [left, right].map((each) =>
      inputTo(each, arbitraryRecords({ key: arbitraryKey(2), value, times, countMax: 10 })),
    )
    const options = {
      inputs: inputs.slice(0, operator.includes('asOf') ? 2 : 1),
      order: 'unordered',
      badRecords: 'set-aside',
    } as const
    await fc.assert(isExactlyOnce(law, { ...options, faultsMax: 2, commitsMax: 20 }), { numRuns: 6 })
    await fc.assert(isBatchInvariant(law, options), { numRuns: 5 })
    await fc.assert(isOptionInvariant(law, options), { numRuns: 5 })
  }, 60_000)
})

test.each(jobs.filter(([what]) => what.includes('join')))(
  '%s fails on a record in the same way whether it had waited or came too late to wait',
  async (_what, _operator, law) => {
    const asides: unknown[] = []
    for (const isRead of ['one by one', 'at once'] as const) {
      const driver = await jobDriver(law, { badRecords: 'set-aside' })
      if (isRead === 'at once') driver.crash()
      // once these were processed, event time is beyond the last one
      await driver.send(right, [at('a', 0, -5), at('a', 0, 4)])
      await driver.send(left, [at('a', 1, 4)])
      await driver.send(left, [at('a', 13, 1)])
      await driver.restart()
      await driver.finish()
      asides.push((await driver.output(aside)).map(({ value, timestamp, headers }) => ({ value, timestamp, headers })))
      await driver.close()
    }
    const headers = { 'weir.topic': 'left', 'weir.part': 'processing', 'weir.partition': expect.any(String) }
    expect(asides[0]).toEqual([
      {
        value: int32.encode(13),
        timestamp: 1,
        headers: { ...headers, 'weir.cause': expect.stringContaining('unlucky') },
      },
    ])
    expect(asides[1]).toEqual(asides[0])
  },
)

test('a record of the other side is set aside as one of its own topic', async () => {
  const law = job('j')
    .from(left)
    .pipe(
      outerJoin('t', right, (a, b) => `${a} ${b}`, { within: 0, codecs: { left: int32, right: int32 } }),
      map(picky),
      to(found),
    )
  const driver = await jobDriver(law, { badRecords: 'set-aside' })
  await driver.send(left, [at('a', 13, 1)])
  await driver.send(right, [at('a', 1_300, 2)])
  await driver.finish()
  const bad = await driver.output(aside)
  expect(bad.map(({ value, headers }) => [int32.decode(value!), headers['weir.topic']])).toEqual([
    [decoded(13), 'left'],
    [decoded(1_300), 'right'],
  ])
  await driver.close()
})

test('the eleventh in a row ends the run, also of records that two joins give on at once', async () => {
  const leftOf = (name: string) =>
    leftJoin(name, right, (a: number) => a, {
      within: { beforeMs: 100, afterMs: 0 },
      codecs: { left: int32 },
      codec: int32,
    })
  const law = job('j').from(left).pipe(leftOf('first'), leftOf('second'), map(picky), to(found))
  const driver = await jobDriver(law, { badRecords: 'set-aside' })
  await driver.send(right, [at('a', 0, 1_000)])
  await driver.send(left, [at('a', 1, 1_000)])
  const tooLate = (records: number) => Array.from({ length: records }, (_, n) => at('a', 13, 950 + n))
  await driver.send(left, tooLate(10))
  expect(driver.isRunning).toBe(true)
  await expect(driver.send(left, tooLate(11).slice(10))).rejects.toThrow(/at offset 11; nothing of its batch/)
  await driver.close()
})

test('windows that close while a record is given on that had waited are not on its account', async () => {
  let closed = 0
  const law = job('j')
    .from(left)
    .pipe(
      leftAsOfJoin('t', right, (a) => a, { historyMs: 5 }),
      count('c', { window: tumbling(10) }),
      map(() => {
        closed++
        throw new Error('no window is good')
      }),
      to(found),
    )
  const driver = await jobDriver(law, { badRecords: 'set-aside' })
  await driver.send(left, [at('a', 1, 5)])
  await driver.send(left, [at('a', 1, 45)])
  await expect(driver.finish()).rejects.toThrow(/no window is good/)
  expect(await driver.output(aside)).toEqual([])
  expect(closed, 'nothing is tried again').toBe(1)
  await driver.close()
})
