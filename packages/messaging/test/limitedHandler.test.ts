import { handle, int32, job, topic, utf8 } from '@weir/core'
import { jobDriver, memoryDisk, virtualClock } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { rateLimiter, sharedRateLimiter, tokenBucket } from '../src/index.ts'
import { expectWithin } from './support/expectWithin.ts'

const calls = topic('calls', { key: utf8, value: int32, partitions: 2 })
const records = Array.from({ length: 60 }, (_, value) => ({ key: `k${value % 20}`, value }))

describe('a handler with a limit', () => {
  test('begins no more attempts than its bucket allows, and handles every record', async () => {
    const clock = virtualClock()
    const bucket = { ratePerSecond: 20, burst: 4 }
    const times: number[] = []
    const limited = handle<string, number>(() => void times.push(clock.monotonic()), {
      limit: rateLimiter(tokenBucket(bucket), { clock }),
      concurrencyMax: 8,
    })
    const driver = await jobDriver(job('limited').from(calls).pipe(limited), { clock })
    await driver.send(calls, records)
    await driver.advance(3_500)
    expect(times.length).toBe(60)
    expectWithin(times, bucket)
    await driver.close()
  })

  test('spends no permit on a record that expires while it waits for one', async () => {
    const clock = virtualClock()
    const handled: number[] = []
    const limited = handle<string, number>((value) => void handled.push(value), {
      limit: rateLimiter(tokenBucket({ ratePerSecond: 1, burst: 1 }), { clock }),
      order: 'none',
    })
    const driver = await jobDriver(job('limited').from(calls).pipe(limited), { clock })
    const expiring = { headers: { 'weir.expires-at': String(clock.now() + 1_500) } }
    const waiting = Array.from({ length: 20 }, (_, value) => ({ key: 'k', value, ...expiring }))
    await driver.send(calls, [...waiting, { key: 'k', value: 100 }, { key: 'k', value: 101 }])
    await driver.advance(3_100)
    // at 0 and 1 s two of those that expire; at 2 and 3 s those behind them
    expect(handled).toEqual([0, 1, 100, 101])
    await driver.close()
  })

  test('keeps to a limit that its workers share', async () => {
    const clock = virtualClock()
    const disk = memoryDisk()
    const bucket = { ratePerSecond: 40, burst: 4 }
    const times: number[] = []
    const bystander = await jobDriver(
      job('other')
        .from(calls)
        .pipe(handle(() => undefined)),
      { clock, disk },
    )
    const limit = sharedRateLimiter(bystander.weir, 'service', tokenBucket(bucket))
    const limited = handle<string, number>(() => void times.push(clock.monotonic()), { limit })
    const driver = await jobDriver(job('limited').from(calls).pipe(limited), { clock, disk, workers: 2 })
    await driver.send(calls, records)
    await driver.advance(3_500)
    expect(times.length).toBe(60)
    expectWithin(times, bucket)
    await driver.close()
    await bystander.close()
  })
})
