import { statSync } from 'node:fs'
import { join } from 'node:path'
import { bytes, commitOf, nullable, topic, utf8, Weir } from '@weir/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { runFixture } from './child.ts'
import { temporaryFolder } from './temporaryFolder.ts'

vi.setConfig({ testTimeout: 60_000 })

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const fileBytes = (): number => statSync(join(folder.path, 'data.mdb')).size
const value = new Uint8Array(1_000).fill(120)

test('a topic that keeps a part of what comes takes no more room than at first: pages are used again', async () => {
  const bytesMax = 2 << 20
  const events = topic('events', { key: nullable(bytes), value: bytes, retention: { bytesMax } })
  // in the background it would come too late for a test: it is called between the appends
  const weir = await Weir.open(lmdb(folder.path), { retentionIntervalMs: 86_400_000 })
  const producer = await weir.producer(events)
  const round = async (): Promise<number> => {
    await producer.appendAll(Array.from({ length: 1_000 }, () => ({ key: null, value })))
    await weir.retain(events)
    expect(weir.storage.bytes(0)).toBeLessThanOrEqual(bytesMax)
    return fileBytes()
  }
  const sizes: number[] = []
  for (let n = 0; n < 40; n++) sizes.push(await round())
  await weir.close()
  const first = Math.max(...sizes.slice(0, 10))
  const all = Math.max(...sizes)
  expect(all).toBeLessThan(16 << 20)
  expect(all / first).toBeLessThan(1.3)
})

test('a compacted topic takes room for its keys, whatever was written to them', async () => {
  const prices = topic('prices', { key: utf8, value: nullable(bytes), cleanup: 'compact' })
  const weir = await Weir.open(lmdb(folder.path), { retentionIntervalMs: 86_400_000 })
  const producer = await weir.producer(prices)
  const sizes: number[] = []
  for (let n = 0; n < 30; n++) {
    // it goes on while records are written
    const appended = producer.appendAll(Array.from({ length: 1_000 }, (_, at) => ({ key: `key ${at % 100}`, value })))
    await Promise.all([appended, weir.retain(prices)])
    sizes.push(fileBytes())
  }
  await weir.retain(prices)
  expect(weir.storage.bytes(0)).toBeLessThan(200_000)
  const first = Math.max(...sizes.slice(0, 8))
  expect(Math.max(...sizes) / first).toBeLessThan(1.3)
  const seen = new Map<string, number>()
  for await (const record of weir.topic(prices).from('earliest').toEnd()) {
    if (record._tag === 'Record') seen.set(record.key, record.offset)
  }
  expect([...seen.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => 29_900 + n))
  await weir.close()
})

test('retention in one process and writing in another, and a restart between them, agree', async () => {
  const events = topic('events', { key: nullable(bytes), value: bytes, retention: { untilConsumedBy: ['g'] } })
  const weir = await Weir.open(lmdb(folder.path))
  const other = await Weir.open(lmdb(folder.path))
  const producer = await weir.producer(events)
  await producer.appendAll(Array.from({ length: 100 }, () => ({ key: null, value })))
  await weir.storage.commit(commitOf({ positions: [{ group: 'g', partition: 0, from: 0, next: 60 }] }))
  await Promise.all([weir.retain(events), other.retain(events)])
  expect(other.storage.bounds(0)).toEqual({ start: 60, end: 100 })
  await weir.close()
  await other.close()
  const again = await Weir.open(lmdb(folder.path))
  expect(again.storage.bounds(0)).toEqual({ start: 60, end: 100 })
  const left = await again.storage.read(0, 60, { recordsMax: 1, bytesMax: 1 })
  expect(left.batches[0]!.baseOffset).toBeLessThanOrEqual(60)
  await again.close()
})

test('retention in the background keeps no process alive', async () => {
  const child = runFixture('leaving', [folder.path])
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(child.lines).toEqual(['appended'])
})
