import { CompletableFuture, diffJobs, entry, int32, job, type Job, topic, utf8, Weir } from '@weir/core'
import { count, filter, keyBy, to, tumbling } from '@weir/operators'
import { and, nth, providerWithFaults, strike, unknownOutcome, where } from '@weir/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { temporaryFolder } from './temporaryFolder.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
const counts = topic('counts', { key: utf8, value: int32 })
const perSecond = job('per-second')
  .from(words)
  .pipe(
    keyBy((word) => word, { partitions: 2 }),
    count('c', { window: tumbling(1_000) }),
    to(counts),
  )
const total = job('total').from(words).pipe(count('c'), to(counts))

let folder: ReturnType<typeof temporaryFolder>
const opened: Weir[] = []

beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  for (const weir of opened.splice(0)) await weir.close()
  folder.remove()
})

const open = async (): Promise<Weir> => {
  const weir = await Weir.open(lmdb(folder.path))
  opened.push(weir)
  return weir
}

const resultsOf = async (weir: Weir): Promise<ReadonlyArray<string>> => {
  const results: string[] = []
  for await (const record of weir.topic(counts).from('earliest').toEnd()) {
    if (record._tag === 'Record') results.push(`${record.key}@${record.timestamp}: ${record.value}`)
  }
  return results.toSorted()
}

/** A deadline, and not a measure. */
const eventually = async (holds: () => Promise<boolean> | boolean, what: string): Promise<void> => {
  for (const deadline = performance.now() + 30_000; !(await holds());) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('on disk', () => {
  test('topics, records, ids, state and positions are there when the folder is opened again', async () => {
    const first = await open()
    await first.append(entry(words, 'k', 'a', { id: 'i', timestamp: 0 }), entry(words, 'l', 'b', { timestamp: 10 }))
    await (
      await first.run(total, { until: 'end' })
    ).done
    await first.close()

    const again = await open()
    const [place] = await again.append(entry(words, 'k', 'a', { id: 'i', timestamp: 0 }))
    expect(place).toMatchObject({ offset: 0, duplicate: true })
    await again.append(entry(words, 'k', 'a', { timestamp: 20 }))
    expect(again.store<string, number>(total, 'c').get('k')).toBe(1)
    await (
      await again.run(total, { until: 'end' })
    ).done
    expect(again.store<string, number>(total, 'c').get('k')).toBe(2)
    expect(await resultsOf(again)).toEqual(['k@0: 1', 'k@20: 2', 'l@10: 1'])
  })

  test('open windows and event time go on in the next run', async () => {
    const first = await open()
    await first.append(entry(words, 'k', 'a', { partition: 0, timestamp: 100 }))
    const running = await first.run(windowed)
    await eventually(() => running.metrics().recordsIn === 1, 'the first record is processed')
    await running.stop()
    await first.close()

    const again = await open()
    expect([...again.store(windowed, 'w').windows()]).toHaveLength(1)
    await again.append(
      entry(words, 'k', 'a', { partition: 0, timestamp: 900 }),
      entry(words, 'k', 'a', { partition: 0, timestamp: 2_000 }),
    )
    await again.run(windowed)
    await eventually(async () => (await resultsOf(again)).length === 1, 'the window is closed')
    expect(await resultsOf(again)).toEqual(['k@999: 2'])
  })

  test('a producer whose storage failed with an open outcome is resent without a repeat', async () => {
    const appends = where(({ commit }) => (commit?.append.length ?? 0) > 0)
    const failing = await Weir.open(
      providerWithFaults(lmdb(folder.path), [strike(and(appends, nth(3)), unknownOutcome)]),
    )
    opened.push(failing)
    const producer = await failing.producer(words, { batchBytesMax: 1, commitBytesMax: 1, inFlightCommitsMax: 2 })
    const sent = Array.from({ length: 30 }, (_, n) => producer.append('k', String(n), { partition: 0 }))
    await CompletableFuture.allOf(sent.map((each) => each.handle(() => undefined)))
    expect(producer.unresolved.length).toBeGreaterThan(0)

    const again = await open()
    await again.resend(producer.unresolved)
    await again.resend(producer.unresolved)
    const values: string[] = []
    for await (const record of again.topic(words).partition(0).from('earliest').toEnd()) {
      if (record._tag === 'Record') values.push(record.value)
    }
    expect(values).toEqual(Array.from({ length: 30 }, (_, n) => String(n)))
  })
})

const windowed = job('windowed')
  .from(words)
  .pipe(count('w', { window: tumbling(1_000) }), to(counts))

describe('several at one folder', () => {
  test('see each other’s records at once, and replay goes over into live reading without a gap', async () => {
    const [writer, reader] = [await open(), await open()]
    const producer = await writer.producer(words)
    const offsets: number[] = []
    await producer.append('k', 'first', { partition: 1 })
    reader
      .topic(words)
      .partition(1)
      .from('earliest')
      .subscribe(({ offset }) => offsets.push(offset))
    for (let n = 0; n < 200; n++) await producer.append('k', String(n), { partition: 1 })
    await eventually(() => offsets.length === 201, 'all records are read')
    expect(offsets).toEqual(Array.from({ length: 201 }, (_, n) => n))
  })

  test('create a topic at the same moment, once', async () => {
    const weirs = [await open(), await open(), await open()]
    await Promise.all(weirs.map(async (weir, n) => weir.append(entry(words, 'k', String(n), { partition: 0 }))))
    for (const weir of weirs) expect(weir.topics().map(({ firstPartition }) => firstPartition)).toEqual([0])
    let read = 0
    for await (const record of weirs[0]!.topic(words).from('earliest').toEnd()) read += record._tag === 'Record' ? 1 : 0
    expect(read).toBe(3)
  })

  test('share a job, take it over from each other, and results are there once', async () => {
    const [first, second] = [await open(), await open()]
    const one = await first.run(perSecond)
    await first.append(entry(words, 'k', 'a', { partition: 0, timestamp: 0 }))
    await eventually(() => one.metrics().recordsIn === 2, 'the first run has processed')
    const all = one.assigned.length
    const two = await second.run(perSecond)
    for (const partition of [0, 1, 2]) {
      await second.append(
        entry(words, 'k', 'b', { partition, timestamp: 500 }),
        entry(words, 'k', 'b', { partition, timestamp: 5_000 }),
      )
    }
    await eventually(() => one.assigned.length + two.assigned.length === all, 'both have a part')
    await eventually(() => Math.abs(one.assigned.length - two.assigned.length) <= 1, 'the parts are equal within one')
    await eventually(async () => (await resultsOf(second)).length === 2, 'the first second is over')
    await one.stop()
    await eventually(() => two.assigned.length === all, 'the rest has taken over')
    await two.stop()
    expect(await resultsOf(second)).toEqual(['a@999: 1', 'b@999: 3'])
  })
})

/** Counts longer words in a store of this name, which the topic before it bears too. */
const counting = (store: string, longerThan = 0): Job =>
  job('counting')
    .from(words)
    .pipe(
      filter((word) => word.length > longerThan),
      keyBy((word) => word, { partitions: 2 }),
      count(store),
      to(counts),
    )

const countAll = async (weir: Weir, store: string, ...added: ReadonlyArray<string>): Promise<void> => {
  await weir.append(...added.map((word) => entry(words, 'k', word, { timestamp: 0 })))
  const running = await weir.run(counting(store), { until: 'end' })
  await running.done
}

describe('a job that has changed', () => {
  test('goes on with the state of a store that was renamed, and without that of one that was dropped', async () => {
    const first = await open()
    await countAll(first, 'old', 'a', 'a', 'b')
    await first.renameStore(counting('new'), { from: 'old', to: 'new' })
    await first.close()
    const second = await open()
    await countAll(second, 'new', 'a')
    const entriesOf = (weir: Weir, store: string) => [...weir.store(counting(store), store).entries()]
    expect(entriesOf(second, 'new')).toEqual([
      ['a', 3],
      ['b', 1],
    ])
    await second.dropStore(counting('new'), 'new')
    await second.close()
    const third = await open()
    expect(entriesOf(third, 'new')).toEqual([])
    await countAll(third, 'newest', 'a')
    expect(entriesOf(third, 'newest')).toEqual([['a', 1]])
    await expectHealthy(folder.path)
  })

  test('is compared with the one before it over the input that is left, each in a folder of its own', async () => {
    const weir = await open()
    await countAll(weir, 'c', 'bb')
    await weir.append(...['a', 'bb'].map((word) => entry(words, 'k', word, { timestamp: 1 })))
    const forks = [temporaryFolder(), temporaryFolder()] as const
    onTestFinished(() => forks.forEach(({ remove }) => remove()))
    const into = [lmdb(forks[0].path), lmdb(forks[1].path)] as const
    const diff = await diffJobs(weir, { before: counting('c'), after: counting('c', 1), into })
    expect(String(diff).split('\n')).toEqual([
      '0 added, 1 removed, 0 changed, 1 the same',
      'counts',
      '  - "a" at 1970-01-01T00:00:00.001Z: 1',
    ])
    expect(await resultsOf(weir)).toEqual(['bb@0: 1'])
    for (const { path } of [folder, ...forks]) await expectHealthy(path)
  })
})
