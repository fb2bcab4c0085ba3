import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { commitOf, type Replacement, type Storage } from '@weir/core'
import { batchChecksum, epochRow, epochValue, RecordBatchBuilder, sparseBatch } from '@weir/core/storage'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { dumpStored } from './changeStored.ts'
import { openWithRuns } from './openWithRuns.ts'
import { temporaryFolder } from './temporaryFolder.ts'

// What folders of the format versions hold. When one of these tests fails, folders that users have are not read any more:
// then the version in `folder.ts` must grow, and the one before must be migrated.

const goldenFile = (name: string, version = 3): URL => new URL(`./golden/version${version}/${name}`, import.meta.url)
const golden = (name: string, version = 3): Buffer => readFileSync(goldenFile(name, version))
const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const longKey = Uint8Array.from([9, ...new Uint8Array(2_500).fill(108)])
const longId = 'id'.repeat(2_000)

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const batch = (values: ReadonlyArray<string | null>, sequence: number): Uint8Array => {
  const builder = new RecordBatchBuilder({ producer: { id: 7, epoch: 2 } })
  values.forEach((value, index) =>
    builder.add(`key ${index}`, value, 1_000 + index, index === 0 ? null : `id ${index}`, null, -Infinity),
  )
  return builder.build(sequence)
}

/** One of everything. */
const fill = async (storage: Storage): Promise<void> => {
  await storage.commit(
    commitOf({
      append: [
        { partition: 3, batch: batch(['a', 'b', null], 0), dedupScope: 11 },
        { partition: 3, batch: batch(['c', 'known', 'x'], 3), dedupScope: 11 },
        { partition: 0xffff_fffe, batch: batch(['far'], 0) },
      ],
      positions: [{ group: 'grüppe', partition: 3, from: 0, next: 4 }],
      rows: [
        { key: epochRow('owner'), value: epochValue(5) },
        { key: text('row'), value: text('value') },
        { key: text('empty'), value: new Uint8Array(0) },
        { key: longKey, value: text('of a long key') },
      ],
    }),
  )
  const one = new RecordBatchBuilder()
  one.add(null, 'long id', 500, longId, { header: 'h' }, 400)
  await storage.commit(commitOf({ append: [{ partition: 4, batch: one.build(), dedupScope: 12 }] }))
}

/** What version 1 could not hold: a trimmed partition, and batches of which some and all records were removed. */
const fillSparse = async (storage: Storage): Promise<void> => {
  await storage.commit(
    commitOf({ append: [0, 1, 2, 3].map((at) => ({ partition: 5, batch: batch(['a', 'b', 'c'], at * 3) })) }),
  )
  const { batches } = await storage.read(5, 0, { recordsMax: 100, bytesMax: 1 << 20 })
  const replaced = (from: number, to: number): Replacement['batches'] =>
    batches.slice(from, to).map(({ baseOffset, bytes }) => ({ baseOffset, checksum: batchChecksum(bytes) }))
  const kept = new RecordBatchBuilder()
  kept.add('key 2', 'c', 1_002, 'id 2', null, -Infinity)
  const some = sparseBatch({ count: 3, indexes: [2], kept: kept.build(), timestamp: 0 })
  const none = sparseBatch({ count: 6, indexes: [], kept: undefined, timestamp: 1_002 })
  await storage.commit(
    commitOf({
      replace: [
        { partition: 5, batches: replaced(0, 1), batch: some },
        { partition: 5, batches: replaced(1, 3), batch: none },
      ],
      trim: [{ partition: 5, before: 1 }],
    }),
  )
}

/** What version 2 could not hold: rows in sorted runs, one of which covers a row of the tree, and one removes it. */
const fillRuns = async (storage: Storage): Promise<void> => {
  await storage.commit(
    commitOf({
      rows: [
        { key: text('row'), value: text('value') },
        { key: text('of a run'), value: text('first') },
      ],
    }),
  )
  await storage.commit(
    commitOf({
      rows: [
        { key: text('of a run'), value: text('second') },
        { key: text('removed'), value: null },
      ],
    }),
  )
}

test('a commit stores exactly these keys and values', async () => {
  const storage = await lmdb(folder.path).open()
  await fill(storage)
  await fillSparse(storage)
  await storage.commit(commitOf({ rows: [{ key: text('removed'), value: text('by a run') }] }))
  await storage.close()
  const runs = await openWithRuns(folder.path, { rowsMin: 1, pagesMin: 0 })
  await fillRuns(runs)
  await runs.close()
  const stored = `${dumpStored(folder.path)
    .map(([key, value]) => `${key} ${value}`)
    .join('\n')}\n`
  if (process.env['WEIR_WRITE_GOLDEN'] === '1') {
    writeFileSync(goldenFile('stored.txt'), stored)
    writeFileSync(goldenFile('weir.json'), readFileSync(join(folder.path, 'weir.json')))
    writeFileSync(goldenFile('data.mdb.gz'), gzipSync(readFileSync(join(folder.path, 'data.mdb')), { level: 9 }))
  }
  expect(stored).toBe(golden('stored.txt').toString())
})

test.each([1, 2, 3])('a folder of version %i opens, and all that is in it is read', async (version) => {
  writeFileSync(join(folder.path, 'weir.json'), golden('weir.json', version))
  writeFileSync(join(folder.path, 'data.mdb'), gunzipSync(golden('data.mdb.gz', version)))
  const storage = await lmdb(folder.path).open()
  expect(storage.bounds(3)).toEqual({ start: 0, end: 4 })
  expect([storage.bytes(3), storage.bytes(4), storage.bytes(0xffff_fffe)]).toEqual([227, 4_110, 80])
  const { batches } = await storage.read(3, 0, { recordsMax: 100, bytesMax: 1 << 20 })
  expect(batches.map(({ baseOffset, count, sequence }) => [baseOffset, count, sequence])).toEqual([
    [0, 3, 0],
    [3, 1, 3],
  ])
  expect([0, 1, 2].map((index) => batches[0]!.valueText(index))).toEqual(['a', 'b', null])
  expect(storage.bounds(0xffff_fffe).end).toBe(1)
  expect(await storage.offsetAt(3, 1_002)).toBe(2)
  expect(storage.position('grüppe', 3)).toBe(4)
  expect(storage.rows.get(text('row'))).toEqual(text('value'))
  expect(storage.rows.get(text('empty'))).toEqual(new Uint8Array(0))
  expect(storage.rows.get(longKey)).toEqual(text('of a long key'))
  const [record] = (await storage.read(4, 0, { recordsMax: 1, bytesMax: 1 })).batches
  expect([record!.key(0), record!.id(0), record!.headers(0), record!.watermark(0)]).toEqual([
    null,
    longId,
    { header: 'h' },
    400,
  ])

  // what is remembered of producers, ids and epochs goes on
  const repeat = await storage.commit(
    commitOf({ append: [{ partition: 3, batch: batch(['c', 'known', 'x'], 3), dedupScope: 11 }] }),
  )
  expect(repeat.appends).toEqual([{ baseOffset: 3, duplicate: true, offsets: [3, 1, 2] }])
  await storage.commit(commitOf({ fence: { owner: 'owner', epoch: 5 }, rows: [] }))
  const again = new RecordBatchBuilder()
  again.add(null, 'again', 600, longId, null, -Infinity)
  const known = await storage.commit(commitOf({ append: [{ partition: 4, batch: again.build(), dedupScope: 12 }] }))
  expect(known.appends).toEqual([{ baseOffset: 0, duplicate: true, offsets: [0] }])
  await storage.close()
})

test.each([2, 3])('a folder of version %i has trimmed partitions and sparse batches', async (version) => {
  writeFileSync(join(folder.path, 'weir.json'), golden('weir.json', version))
  writeFileSync(join(folder.path, 'data.mdb'), gunzipSync(golden('data.mdb.gz', version)))
  const storage = await lmdb(folder.path).open()
  expect(storage.bounds(5)).toEqual({ start: 1, end: 12 })
  const { batches } = await storage.read(5, 1, { recordsMax: 100, bytesMax: 1 << 20 })
  expect(batches.map(({ baseOffset, count, keptCount }) => [baseOffset, count, keptCount])).toEqual([
    [0, 3, 1],
    [3, 6, 0],
    [9, 3, 3],
  ])
  expect([batches[0]!.nextKept(0), batches[0]!.valueText(2), batches[1]!.nextKept(0)]).toEqual([2, 'c', 6])
  await storage.close()
})

test('a folder of version 3 has rows in sorted runs', async () => {
  writeFileSync(join(folder.path, 'weir.json'), golden('weir.json'))
  writeFileSync(join(folder.path, 'data.mdb'), gunzipSync(golden('data.mdb.gz')))
  const storage = await lmdb(folder.path).open()
  expect(storage.rows.get(text('of a run'))).toEqual(text('second'))
  expect(storage.rows.get(text('removed'))).toBeUndefined()
  const rows = storage.rows.range(text('a'), text('z'), { limit: 10 })
  expect(rows.map(({ key }) => Buffer.from(key).toString())).toEqual(['empty', 'of a run', 'row'])
  await storage.close()
})

test.each([1, 2])('a folder of version %i is one of version 3 once it was opened', async (version) => {
  writeFileSync(join(folder.path, 'weir.json'), golden('weir.json', version))
  writeFileSync(join(folder.path, 'data.mdb'), gunzipSync(golden('data.mdb.gz', version)))
  await (await lmdb(folder.path).open()).close()
  const marker = JSON.parse(readFileSync(join(folder.path, 'weir.json'), 'utf8')) as unknown
  expect(marker).toEqual(JSON.parse(golden('weir.json').toString()))
  // all but the sorted runs, and the partition that version 1 could not hold
  const isOld = (line: string): boolean => line !== '' && !(version === 1 && line.startsWith('0100000005'))
  const [format, ...others] = golden('stored.txt', 2).toString().split('\n').filter(isOld)
  const stored = dumpStored(folder.path).map(([key, value]) => `${key} ${value}`)
  expect(stored).toEqual([format!.replace('0000000000000040', '0000000000000840'), ...others])
})
