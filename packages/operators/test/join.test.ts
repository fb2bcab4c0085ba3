import {
  int32,
  InvalidJob,
  InvalidOption,
  job,
  type Job,
  nullable,
  roundRobinPartitioner,
  stream,
  topic,
  utf8,
} from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { join, leftJoin, outerJoin, keyBy, map, to } from '../src/index.ts'

const left = topic('left', { key: utf8, value: utf8 })
const right = topic('right', { key: utf8, value: utf8 })
const out = topic('out', { key: utf8, value: utf8 })
const lateLeft = topic('late-left', { key: utf8, value: utf8 })
const lateRight = topic('late-right', { key: utf8, value: utf8 })

const both = (a: string | null, b: string | null) => `${a}-${b}`
type Sent = readonly ['left' | 'right', string, number]

/** Sends records of one key one by one, and gives what comes out of it, each as `value@time`. */
const run = async (law: Job, sent: ReadonlyArray<Sent>) => {
  const driver = await jobDriver(law)
  const seen = async (of = out) => (await driver.output(of)).map(({ value, timestamp }) => `${value}@${timestamp}`)
  const steps: string[][] = []
  let before = 0
  for (const [side, value, timestamp] of sent) {
    await driver.send(side === 'left' ? left : right, [{ key: 'k', value, timestamp }])
    const found = await seen()
    steps.push(found.slice(before))
    before = found.length
  }
  const { recordsLate } = driver.metrics()
  await driver.finish()
  const late = [await seen(lateLeft), await seen(lateRight)]
  const atEnd = (await seen()).slice(before)
  for (const name of ['j-left', 'j-right']) expect([...driver.store(name).windows()]).toEqual([])
  await driver.close()
  return { steps, atEnd, late, recordsLate }
}

const within = 10
const joined = job('joined')
  .from(left)
  .pipe(join('j', right, both, { within, late: { left: lateLeft, right: lateRight } }), to(out))

describe('join', () => {
  test('joins what is near enough, bounds included, from either side, once', async () => {
    const { steps, atEnd } = await run(joined, [
      ['left', 'A', 10],
      ['right', 'a', 20],
      ['right', 'b', 0],
      ['right', 'c', 21],
      ['left', 'B', 11],
    ])
    expect(steps).toEqual([[], ['A-a@20'], ['A-b@10'], [], ['B-a@20', 'B-c@21']])
    expect(atEnd).toEqual([])
  })

  test('looks further one way than the other', async () => {
    const later = job('later')
      .from(left)
      .pipe(join('j', right, both, { within: { beforeMs: 0, afterMs: 10 } }), to(out))
    const { steps } = await run(later, [
      ['right', 'a', 4],
      ['left', 'A', 5],
      ['right', 'b', 5],
      ['right', 'c', 15],
      ['right', 'd', 16],
    ])
    expect(steps).toEqual([[], [], ['A-b@5'], ['A-c@15'], []])
  })

  test('takes records until their windows and the grace are over in their own source, and says which came later', async () => {
    const graceful = job('graceful')
      .from(left)
      .pipe(join('j', right, both, { within, graceMs: 5, late: { left: lateLeft, right: lateRight } }), to(out))
    const { steps, late, recordsLate } = await run(graceful, [
      ['left', 'A', 10],
      ['right', 'x', 25],
      ['right', 'a', 0],
      ['right', 'y', 26],
      ['right', 'b', 1],
      ['right', 'c', 0],
      ['left', 'B', 11],
    ])
    expect(steps).toEqual([[], [], ['A-a@10'], [], [], [], ['B-b@11']])
    expect(late).toEqual([[], ['c@0']])
    expect(recordsLate).toBe(1)
  })

  test('keeps the headers of the left record', async () => {
    const driver = await jobDriver(joined)
    await driver.send(right, [{ key: 'k', value: 'a', timestamp: 1, headers: { side: 'right' } }])
    await driver.send(left, [{ key: 'k', value: 'A', timestamp: 1, headers: { side: 'left' } }])
    await driver.send(right, [{ key: 'k', value: 'b', timestamp: 1 }])
    expect((await driver.output(out)).map(({ headers }) => ({ ...headers }))).toEqual([
      { side: 'left' },
      { side: 'left' },
    ])
    await driver.close()
  })

  test('joins a topic with itself, each record with itself too', async () => {
    const itself = job('itself')
      .from(left)
      .pipe(join('j', left, both, { within }), to(out))
    const { steps } = await run(itself, [
      ['left', 'A', 0],
      ['left', 'B', 5],
    ])
    expect(steps).toEqual([['A-A@0'], ['B-A@5', 'A-B@5', 'B-B@5']])
  })

  test('is found again after a crash, with the headers, by another window too', async () => {
    const driver = await jobDriver(joined)
    await driver.send(left, [{ key: 'k', value: 'A', timestamp: 10, headers: { of: 'A' } }])
    driver.crash()
    const wider = job('joined')
      .from(left)
      .pipe(join('j', right, both, { within: 1_000 }), to(out))
    const again = await jobDriver(wider, { disk: driver.disk })
    await again.send(right, [{ key: 'k', value: 'a', timestamp: 800 }])
    expect((await again.output(out)).map(({ value, headers }) => [value, { ...headers }])).toEqual([
      ['A-a', { of: 'A' }],
    ])
    await again.close()
    await driver.close()
  })

  test('brings a side of another key to it', async () => {
    const orders = topic('orders', { key: int32, value: utf8, partitions: 3 })
    const byName = job('by-name')
      .from(left)
      .pipe(
        join(
          'j',
          stream(orders).pipe(
            keyBy((value) => value.slice(0, 1)),
            map((value) => value.length),
          ),
          both2,
          { within },
        ),
        to(out),
      )
    expect(byName.describe().stages.map(({ inputs }) => inputs.map(({ topic: name }) => name))).toEqual([
      ['orders'],
      ['left', 'by-name-j-right-repartition'],
    ])
    const driver = await jobDriver(byName)
    await driver.send(left, [{ key: 'k', value: 'A', timestamp: 1 }])
    await driver.send(orders, [{ key: 7, value: 'kite', timestamp: 2 }])
    expect((await driver.output(out)).map(({ key, value }) => [key, value])).toEqual([['k', 'A-4']])
    await driver.close()
  })
})
const both2 = (a: string, b: number) => `${a}-${b}`

test('a keyBy on each side, of which one names partitions, gives both as many', () => {
  const orders = topic('orders', { key: int32, value: utf8, partitions: 3 })
  const initial = (value: string) => value.slice(0, 1)
  const law = job('both')
    .from(left)
    .pipe(keyBy(initial), join('j', stream(orders).pipe(keyBy(initial, { partitions: 2 })), both, { within }), to(out))
  expect(
    law
      .describe()
      .stages.at(-1)!
      .inputs.map(({ topic: name, partitions }) => [name, partitions]),
  ).toEqual([
    ['both-j-repartition', 2],
    ['both-j-right-repartition', 2],
  ])
})

describe('leftJoin', () => {
  const law = job('left-joined')
    .from(left)
    .pipe(leftJoin('j', right, both, { within, graceMs: 2 }), to(out))

  test('gives what found nothing once its window and grace are over, and nothing else', async () => {
    const { steps, atEnd } = await run(law, [
      ['left', 'A', 0],
      ['left', 'B', 1],
      ['right', 'b', 11],
      ['right', 'x', 12],
      ['left', 'C', 12],
      ['right', 'y', 13],
      ['left', 'D', 13],
      ['left', 'E', 100],
    ])
    expect(steps).toEqual([
      [],
      [],
      ['B-b@11'],
      [],
      ['C-b@12', 'C-x@12'],
      ['C-y@13'],
      ['D-b@13', 'D-x@13', 'D-y@13', 'A-null@0'],
      [],
    ])
    expect(atEnd).toEqual(['E-null@100'])
  })
})

describe('outerJoin', () => {
  const law = job('outer-joined')
    .from(left)
    .pipe(outerJoin('j', right, both, { within: { beforeMs: 5, afterMs: 10 } }), to(out))

  test('gives what found nothing of either side', async () => {
    const { steps, atEnd } = await run(law, [
      ['right', 'a', 0],
      ['left', 'A', 6],
      ['right', 'b', 100],
      ['left', 'B', 200],
    ])
    expect(steps).toEqual([[], [], ['null-a@0'], ['A-null@6']])
    expect(atEnd).toEqual(['B-null@200', 'null-b@100'])
  })
})

describe('a join that cannot be', () => {
  const joinWith = (options: object) => join('j', right, both, options as { within: number })

  test.each([
    [{ within: -1 }, "join 'j': within is -1; expected a whole number of milliseconds of at least 0"],
    [{ within: 1.5 }, "join 'j': within is 1.5; expected a whole number"],
    [{ within: { beforeMs: 1, afterMs: -2 } }, "join 'j': within.afterMs is -2; expected a whole number"],
    [{ within: { beforeMs: NaN, afterMs: 0 } }, "join 'j': within.beforeMs is NaN; expected a whole number"],
    [{ within: { beforeMs: 1 } }, "join 'j': within.afterMs is undefined; expected a whole number"],
    [{ within: 1, graceMs: -1 }, "join 'j': graceMs is -1; expected milliseconds of at least 0"],
    [{ within: 1, grace: 1 }, "join 'j': there is no option 'grace'"],
    [{ within: 1, late: { lft: out } }, "join 'j': late: there is no option 'lft'"],
    [{ within: { beforeMs: 1, afterMs: 1, after: 3 } }, "join 'j': within: there is no option 'after'"],
  ])('%j is refused', (options, message) => {
    expect(() => joinWith(options)).toThrow(InvalidOption)
    expect(() => joinWith(options)).toThrow(message)
  })

  test.each([
    [
      'keys of different codecs',
      topic('ids', { key: int32, value: utf8 }),
      "join 'j' brings together keys of codec utf8 from 'left' and of int32 from 'ids'",
    ],
    ['records without a key', topic('keyless', { key: nullable(utf8), value: utf8 }), 'brings together keys of codec'],
    [
      'other partitions',
      topic('many', { key: utf8, value: utf8, partitions: 4 }),
      "'left' has 1 partitions and 'many' has 4",
    ],
    [
      'records spread round robin',
      topic('spread', { key: utf8, value: utf8, partitioner: roundRobinPartitioner }),
      "'spread' has them spread round robin",
    ],
  ])('%s are refused', (_what, other, message) => {
    const law = job('bad')
      .from(left)
      .pipe(join('j', other as typeof right, both, { within: 1 }), to(out))
    expect(() => law.describe()).toThrow(InvalidJob)
    expect(() => law.describe()).toThrow(message)
  })

  test('two joins of one name are refused', () => {
    const twice = job('twice')
      .from(left)
      .pipe(join('j', right, both, { within: 1 }), leftJoin('j', right, both, { within: 1 }), to(out))
    expect(() => twice.describe()).toThrow("two stores named 'j-left', of join and leftJoin")
  })
})

describe('a joiner that throws', () => {
  const throwing = (a: string, b: string | null) => {
    if (b === 'bad' || a === 'bad') throw new Error('no')
    return both(a, b)
  }

  test('has its record set aside, of which nothing is kept', async () => {
    const law = job('throws')
      .from(left)
      .pipe(leftJoin('j', right, throwing, { within }), to(out))
    const driver = await jobDriver(law, { badRecords: 'set-aside' })
    await driver.send(
      left,
      ['A', 'B'].map((value) => ({ key: 'k', value, timestamp: 1 })),
    )
    await driver.send(
      right,
      ['a', 'bad', 'b'].map((value) => ({ key: 'k', value, timestamp: 1 })),
    )
    await driver.advance(1_000)
    await driver.settle()
    expect((await driver.output(out)).map(({ value }) => value)).toEqual(['A-a', 'B-a', 'A-b', 'B-b'])
    expect(driver.metrics().recordsBad).toBe(1)
    expect([...driver.store('j-right').windows()]).toHaveLength(2)
    await driver.close()
  })

  test('for a record without another side has it set aside when it comes', async () => {
    const law = job('throws')
      .from(left)
      .pipe(leftJoin('j', right, throwing, { within }), to(out))
    const driver = await jobDriver(law, { badRecords: 'set-aside' })
    await driver.send(
      left,
      ['bad', 'A'].map((value) => ({ key: 'k', value, timestamp: 1 })),
    )
    expect(driver.metrics().recordsBad).toBe(1)
    await driver.finish()
    expect((await driver.output(out)).map(({ value }) => value)).toEqual(['A-null'])
    await driver.close()
  })
})
