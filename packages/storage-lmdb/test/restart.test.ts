import { entry, int32, job, type Storage, type StorageProvider, topic, utf8, Weir } from '@weir/core'
import { count, to, tumbling } from '@weir/operators'
import { expect, onTestFinished, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { ownFolder } from './scene.ts'

const words = topic('words', { key: utf8, value: utf8 })
const counts = topic('counts', { key: utf8, value: int32 })
const byWord = job('by-word').from(words).pipe(count('c'), to(counts))
const byHour = job('by-hour')
  .from(words)
  .pipe(count('w', { window: tumbling(3_600_000) }), to(counts))
const keys = Array.from({ length: 20_000 }, (_, n) => `key ${n}`)

/** A provider that counts the rows of state that are read. */
const counting = (provider: StorageProvider): { readonly provider: StorageProvider; readonly read: () => number } => {
  let read = 0
  const open: StorageProvider['open'] = () =>
    provider.open().thenApply((storage): Storage => {
      const { rows } = storage
      const isState = (key: Uint8Array): boolean => new DataView(key.buffer, key.byteOffset).getUint32(0) >= 1_024
      return Object.assign(storage, {
        rows: {
          get: (key: Uint8Array) => {
            if (isState(key)) read++
            return rows.get(key)
          },
          range: (...args: Parameters<typeof rows.range>) => {
            const found = rows.range(...args)
            read += found.filter(({ key }) => isState(key)).length
            return found
          },
        },
      })
    })
  return { provider: { open }, read: () => read }
}

test.each([
  { kind: 'key-value', of: byWord, store: 'c' },
  { kind: 'window', of: byHour, store: 'w' },
])(
  'a restart restores no state: what is read until the first commit does not grow with the keys of a $kind store',
  async ({ of, store }) => {
    const folder = ownFolder(onTestFinished)
    const first = await Weir.open(lmdb(folder))
    for (let from = 0; from < keys.length; from += 5_000) {
      await first.append(...keys.slice(from, from + 5_000).map((key) => entry(words, key, 'x', { timestamp: 0 })))
    }
    const running = await first.run(of)
    await expect.poll(() => running.metrics().lag, { timeout: 60_000 }).toBe(0)
    await first.close()

    const { provider, read } = counting(lmdb(folder))
    const again = await Weir.open(provider)
    onTestFinished(() => again.close())
    await again.append(entry(words, 'key 7', 'x', { timestamp: 0 }))
    const restarted = await again.run(of)
    await expect.poll(() => restarted.metrics().commits, { timeout: 60_000 }).toBeGreaterThan(0)
    expect(again.store<string, number>(of, store).get('key 7')).toBe(2)
    expect(read()).toBeLessThan(20)
  },
)
