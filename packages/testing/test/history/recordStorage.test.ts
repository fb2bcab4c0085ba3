import {
  commitOf,
  CompletableFuture,
  entry,
  EpochFenced,
  type Storage,
  StorageFailed,
  topic,
  utf8,
  Weir,
} from '@weir/core'
import { RecordBatchBuilder } from '@weir/core/storage'
import { expect, test } from 'vitest'
import { historyRecorder } from '../../src/history/historyRecorder.ts'
import { judgeHistory } from '../../src/history/judgeHistory.ts'
import { parseHistory } from '../../src/history/parseHistory.ts'
import { recordStorage, type RecordedRecords } from '../../src/history/recordStorage.ts'
import { strike, unknownOutcome } from '../../src/Fault.ts'
import { and, nth, on } from '../../src/faultPredicates.ts'
import { memoryStorage } from '../../src/memoryStorage.ts'
import { withFaults } from '../../src/withFaults.ts'

const batchOf = (...keys: ReadonlyArray<string>): Uint8Array => {
  const builder = new RecordBatchBuilder()
  for (const key of keys) builder.add(key, 'v', 0, null, null, -Infinity)
  return builder.build()
}

const recorded = (storage: Storage = memoryStorage(), records: RecordedRecords = {}) => {
  let text = ''
  const recorder = historyRecorder('app', (line) => (text += line))
  return { storage: recordStorage(storage, recorder, records), history: () => parseHistory(text) }
}

test('what a Weir on it does is in the history, and right', async () => {
  const { storage, history } = recorded()
  const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
  const weir = await Weir.open({ open: () => CompletableFuture.completed(storage) })
  for (const id of ['a', 'b', 'c']) await weir.append(entry(words, id, 'text'))
  const read: string[] = []
  for await (const record of weir.topic(words).from('earliest').toEnd())
    if (record._tag === 'Record') read.push(record.key)
  await weir.close()
  expect(read.sort()).toEqual(['a', 'b', 'c'])
  expect(judgeHistory(history())).toMatchObject({ records: 3, unread: 0, anomalies: [] })
})

test('a refused commit is told from one whose outcome is unknown', async () => {
  const { storage, history } = recorded(
    withFaults(memoryStorage(), [strike(and(on('commit'), nth(2)), unknownOutcome)]),
  )
  const fence = { owner: 'o', epoch: 3 }
  const refused = storage.commit(commitOf({ fence, append: [{ partition: 0, batch: batchOf('x') }] }))
  await expect(refused).rejects.toBeInstanceOf(EpochFenced)
  const unknown = storage.commit(commitOf({ append: [{ partition: 0, batch: batchOf('y') }] }))
  await expect(unknown).rejects.toBeInstanceOf(StorageFailed)
  expect(history().flatMap((event) => (event.kind === 'failed' ? [event.applied] : []))).toEqual(['no', 'unknown'])
})

test('offsets, positions and ends are those of the storage, and records without an id stay out', async () => {
  const { storage, history } = recorded(memoryStorage(), {
    idOf: (batch, index, partition) =>
      partition === 0 && batch.keyText(index) !== 'w' ? `id-${batch.keyText(index)}` : undefined,
    damageOf: (batch, index) => (batch.keyText(index) === 'y' ? 'the letter' : undefined),
  })
  const positions = [{ group: 'g', partition: 1, from: 0, next: 2 }]
  await storage.commit(commitOf({ append: [{ partition: 0, batch: batchOf('w', 'x', 'y') }], positions }))
  await storage.commit(commitOf({ append: [{ partition: 1, batch: batchOf('z') }] }))
  await storage.read(0, 0, { recordsMax: 10, bytesMax: 1_000 })
  expect(storage.position('g', 1)).toBe(2)
  const events = history().map(({ at: _at, process: _process, ...event }) => event)
  expect(events).toMatchObject([
    { kind: 'commit', op: 0, records: [{ id: 'id-x' }, { id: 'id-y' }], positions },
    { kind: 'acknowledged', op: 0, offsets: [1, 2] },
    {
      kind: 'read',
      position: 0,
      next: 3,
      isAtEnd: true,
      records: [
        { offset: 1, id: 'id-x' },
        { offset: 2, id: 'id-y', damage: 'the letter' },
      ],
    },
    { kind: 'position', group: 'g', partition: 1, next: 2 },
  ])
  expect(judgeHistory(history()).counts).toMatchObject({ lost: 0, torn: 1 })
})

test('a read after an acknowledgement must show it, also when others were acknowledged and read in the same callback', async () => {
  const { storage, history } = recorded()
  const commit = (key: string) => storage.commit(commitOf({ append: [{ partition: 0, batch: batchOf(key) }] }))
  const first = commit('x').thenApply(() => storage.bounds(0))
  const second = commit('y').thenCompose(() => storage.read(0, 0, { recordsMax: 10, bytesMax: 1_000 }))
  await CompletableFuture.allOf([first, second])
  expect(judgeHistory(history())).toMatchObject({ records: 2, unread: 0, anomalies: [] })
})
