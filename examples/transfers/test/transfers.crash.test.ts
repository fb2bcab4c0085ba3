import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { Bank, stepMs } from '../src/bank.ts'
import { readBooks } from '../src/books.ts'
import { inOneThread } from '../src/inOneThread.ts'
import { underKills } from '../src/underKills.ts'

const { signal } = new AbortController()

test('money is neither made nor lost when workers are killed in the middle of transfers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-transfers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  const { kills } = await underKills(weir, storage, { count: 15_000, kills: 2, signal }, () => undefined)
  expect(kills).toBe(2)
  expect(await readBooks(weir)).toEqual({ bookings: 30_000, whole: 15_000, broken: 0, surplus: 0 })
  await weir.close()
  const report = await doctor(folder)
  expect(report.isHealthy, String(report)).toBe(true)
}, 60_000)

test('an interruption ends the workers in order, and leaves no transfer half booked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-transfers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  const interruption = new AbortController()
  const running = underKills(weir, storage, { count: 50_000, kills: 0, signal: interruption.signal }, (settled) => {
    if (settled > 0) interruption.abort(new Error('enough'))
  })
  await expect(running).rejects.toThrow('enough')
  expect(await readBooks(weir)).toMatchObject({ broken: 0, surplus: 0 })
  await weir.close()
  const report = await doctor(folder)
  expect(report.isHealthy, String(report)).toBe(true)
})

test('a chain takes as long as its steps, while thousands of others are under way', async () => {
  const bank = new Bank()
  const { underWayMax, p50Ms } = await inOneThread(bank, { perSecond: 20_000, seconds: 1, signal }, () => undefined)
  expect(underWayMax).toBeGreaterThan(1_000)
  expect(p50Ms).toBeGreaterThanOrEqual(2 * stepMs)
})
