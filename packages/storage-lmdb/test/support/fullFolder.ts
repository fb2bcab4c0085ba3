import { entry, exponential, int32, job, type Job, nullable, topic, utf8, Weir } from '@weir/core'
import { count, join, keyBy, process, tap, to, tumbling, valueState } from '@weir/operators'
import { lmdb } from '../../src/index.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
const prices = topic('prices', { key: utf8, value: nullable(utf8), cleanup: 'compact', deleteRetentionMs: 0 })
const events = topic('events', { key: utf8, value: utf8, partitions: 3, retention: { untilConsumedBy: ['per-event'] } })
const counts = topic('counts', { key: utf8, value: int32 })
const joined = topic('joined', { key: utf8, value: utf8 })
const done = topic('done', { key: utf8, value: utf8 })

/** Run to the end, at which windows close and timers are due. */
const ending: ReadonlyArray<Job> = [
  job('by-word')
    .from(words)
    .pipe(
      keyBy((word) => word, { partitions: 2 }),
      count('c', { window: tumbling(1_000) }),
      to(counts),
    ),
  job('total').from(words).pipe(count('c'), to(counts)),
  job('per-event')
    .from(events)
    .pipe(
      tap(() => undefined),
      to(done),
    ),
]

/** Stopped with open windows, records that wait for others, and timers. */
const stopping: ReadonlyArray<Job> = [
  job('per-second')
    .from(words)
    .pipe(count('windows', { window: tumbling(1_000) }), to(counts)),
  job('pairs')
    .from(words)
    .pipe(
      join('pair', events, (left, right) => `${left} ${right}`, { within: 500 }),
      to(joined),
    ),
  job('reminders')
    .from(words)
    .pipe(
      process('remind', {
        state: { word: valueState(utf8) },
        emits: utf8,
        onRecord: ({ value, timestamp }, { state, timers }) => {
          state.word.put(value)
          timers.event.set(timestamp + 10_000_000)
        },
        onTimer: (_, { state, emit }) => emit(state.word.get() ?? ''),
      }),
      to(done),
    ),
]

/** Waits until a group has read all words. */
const hasRead = async (weir: Weir, group: string): Promise<void> => {
  const { storage } = weir
  const { firstPartition } = weir.topics().find(({ name }) => name === words.name)!
  const isAtEnd = (index: number): boolean =>
    storage.position(group, firstPartition + index) === storage.bounds(firstPartition + index).end
  while (![0, 1, 2].every(isAtEnd)) {
    await new Promise<void>((resolve) => {
      const stop = storage.onChange(() => {
        stop()
        resolve()
      })
    })
  }
}

/** Fills a folder with something of each kind that Weir writes, and closes it. */
export const fillFolder = async (folder: string): Promise<void> => {
  const weir = await Weir.open(lmdb(folder))
  const producer = await weir.producer(words)
  for (let round = 0; round < 5; round++) {
    await producer.appendAll(
      Array.from({ length: 20 }, (_, n) => ({
        key: n === 0 ? `long ${'k'.repeat(2_500)}` : `k${n % 7}`,
        value: `w${n % 5}`,
        timestamp: round * 700 + n,
        id: n === 1 ? `${round} ${'i'.repeat(2_500)}` : `${round}/${n}`,
        headers: { trace: String(n) },
      })),
    )
    await weir.append(
      ...Array.from({ length: 4 }, (_, n) => entry(prices, `p${n}`, n === 3 ? null : String(round))),
      entry(events, 'e', String(round), { id: `event ${round}` }),
    )
  }
  for (const each of ending) await (await weir.run(each, { until: 'end' })).done
  for (const each of stopping) {
    const running = await weir.run(each)
    await hasRead(weir, each.name)
    await running.stop()
  }
  await weir.retain(prices)
  await weir.retain(events)
  // one of them is never done, and waits for its next attempt
  const handling = await weir
    .topic(words)
    .group('work')
    .process(
      ({ length }, { record, once }) =>
        record.partition === 0 && record.offset === 3
          ? Promise.reject(new Error(String(length)))
          : once(`${record.partition}/${record.offset}`),
      { retry: exponential({ delayMs: 3_600_000 }), settleWithinMs: 10 },
    )
  await hasRead(weir, 'work')
  await handling.stop()
  await weir.close()
}
