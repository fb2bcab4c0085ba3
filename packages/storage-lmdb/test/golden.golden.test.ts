import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { commitOf, type Storage } from '@weir/core'
import { epochRow, epochValue, RecordBatchBuilder } from '@weir/core/storage'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { dumpStored } from './changeStored.ts'
import { temporaryFolder } from './temporaryFolder.ts'

// What a folder of format version 1 holds. When one of these tests fails, folders that users have are not read any more:
// then the version in `folder.ts` must grow, and version 1 must be migrated.

vi.setConfig({ testTimeout: 30_000 })

const goldenFile = (name: string): URL => new URL(`./golden/version1/${name}`, import.meta.url)
const golden = (name: string): Buffer => readFileSync(goldenFile(name))
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

test('a commit stores exactly these keys and values', async () => {
  const storage = await lmdb(folder.path).open()
  await fill(storage)
  await storage.close()
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

test('a folder of version 1 opens, and all that is in it is read', async () => {
  writeFileSync(join(folder.path, 'weir.json'), golden('weir.json'))
  writeFileSync(join(folder.path, 'data.mdb'), gunzipSync(golden('data.mdb.gz')))
  const storage = await lmdb(folder.path).open()
  expect(storage.bounds(3)).toEqual({ start: 0, end: 4 })
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
