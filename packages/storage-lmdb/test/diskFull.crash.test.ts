import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitOf, type Storage, StorageFull } from '@weir/core'
import { expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { numberedBatch } from './batches.ts'
import { readNumbers } from './readNumbers.ts'
import { expectSound } from './support/expectHealthy.ts'
import { smallDisk } from './support/smallDisk.ts'

const disk = smallDisk(4)
const ballast = join(disk ?? '', 'ballast')

const append = (storage: Storage, number: number, bytes: number) =>
  storage.commit(commitOf({ append: [{ partition: 0, batch: numberedBatch(number, 1, 'v'.repeat(bytes)) }] }))

/** Appends until the disk is full; gives the number that was refused. */
const fill = async (storage: Storage, from: number, bytes: number): Promise<number> => {
  for (let number = from; ; number++) {
    try {
      await append(storage, number, bytes)
    } catch (error) {
      expect(error, String(error)).toBeInstanceOf(StorageFull)
      return number
    }
  }
}

test.skipIf(disk === undefined)(
  'a full disk refuses commits with StorageFull; reads go on, and commits do when there is room, again and again',
  async () => {
    const storage = await lmdb(join(disk!, 'data')).open()
    let next = 0
    for (const round of [1, 2, 3]) {
      writeFileSync(ballast, Buffer.alloc((3 - round / 2) * 2 ** 20))
      for (const bytes of [100_000, 1_000, 10]) next = await fill(storage, next, bytes)
      expect(readNumbers(storage, 0), `round ${round}`).toEqual(Array.from({ length: next }, (_, number) => number))
      await expect(
        storage.commit(commitOf({ rows: [{ key: new Uint8Array([1]), value: new Uint8Array(200_000) }] })),
      ).rejects.toBeInstanceOf(StorageFull)
      expect(storage.rows.get(new Uint8Array([1]))).toBeUndefined()
      rmSync(ballast)
      await append(storage, next++, 1_000)
    }
    await storage.close()

    const reopened = await lmdb(join(disk!, 'data')).open()
    expect(readNumbers(reopened, 0)).toEqual(Array.from({ length: next }, (_, number) => number))
    await reopened.close()
    await expectSound(join(disk!, 'data'))
  },
)
