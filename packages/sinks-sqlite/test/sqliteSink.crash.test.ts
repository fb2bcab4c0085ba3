import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { entry, topic, utf8, Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { sinkMoments } from '@weir/testing/contract'
import { expect, test, vi } from 'vitest'
import { endOf, newFolder } from './support/processes.ts'

vi.setConfig({ testTimeout: 180_000 })

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })

const filled = async (count: number): Promise<string> => {
  const folder = newFolder()
  const database = new DatabaseSync(join(folder, 'outside.db'))
  database.exec('CREATE TABLE lines (number INTEGER PRIMARY KEY, key TEXT, value TEXT)')
  database.close()
  const weir = await Weir.open(lmdb(join(folder, 'weir')))
  // a stored batch is processed as a whole: a commit each
  for (let index = 0; index < count; index++) await weir.append(entry(lines, `key ${index % 7}`, `value ${index}`))
  await weir.close()
  return folder
}

const rowsOf = (folder: string): ReadonlyArray<{ readonly key: string; readonly value: string }> => {
  const database = new DatabaseSync(join(folder, 'outside.db'))
  const rows = database.prepare('SELECT key, value FROM lines ORDER BY number').all()
  database.close()
  return rows as unknown as ReadonlyArray<{ readonly key: string; readonly value: string }>
}

test('each row is there once, in the order of its key, when processes are killed at every step of a batch', async () => {
  const count = 200
  const folder = await filled(count)
  for (const moment of [...sinkMoments, 'within the write']) {
    expect(await endOf('writer', [folder, moment, '3'])).toBe('SIGKILL')
  }
  expect(rowsOf(folder).length).toBeLessThan(count)
  expect(await endOf('writer', [folder])).toBe('0')
  const values = rowsOf(folder)
  for (let key = 0; key < 7; key++) {
    const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 7 === key)
    expect(values.filter((row) => row.key === `key ${key}`).map(({ value }) => value)).toEqual(
      expected.map((index) => `value ${index}`),
    )
  }
  expect(values.length).toBe(count)
  const report = await doctor(join(folder, 'weir'))
  expect(report.isHealthy, String(report)).toBe(true)
})
