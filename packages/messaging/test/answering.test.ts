import { deadLettersOf, float64, int32, job, noRetry, topic, utf8 } from '@weir/core'
import { and, crashAfter, crashBefore, type FaultPredicate, jobDriver, nth, on, strike } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { answering } from '../src/index.ts'
import { repliesTopic } from '../src/internal/repliesTopic.ts'

const requests = topic('requests', { key: utf8, value: int32, partitions: 2 })
const replies = topic('replies', { key: utf8, value: int32, partitions: 2 })

describe('answering', () => {
  test('replies to each request once, over crashes and restarts, in the commit of its position', async () => {
    for (let at = 2; at <= 20; at++) {
      let struck = 0
      const fatal: FaultPredicate = () => {
        const isFatal = and(on('commit'), nth(at))()
        return (call) => isFatal(call) && ++struck > 0
      }
      let clockAfter: (ms: number, action: () => void) => unknown = () => undefined
      const answerer = (n: number): Promise<number> =>
        new Promise((resolve) => clockAfter(1 + (n % 5) * 10, () => resolve(n * 2)))
      const driver = await jobDriver(job('doublers').from(requests).pipe(answering({ replies }, answerer)), {
        workers: 2,
        run: { batchRecordsMax: 3 },
        faults: [strike(fatal, at % 2 === 0 ? crashAfter : crashBefore)],
      })
      clockAfter = driver.clock.after.bind(driver.clock)
      await driver.send(
        requests,
        Array.from({ length: 20 }, (_, n) => ({
          key: `k${n % 4}`,
          value: n,
          headers: { 'weir.correlation-id': `c${n}`, 'weir.reply-to': `replies/${n % 2}/me` },
        })),
      )
      await driver.advance(30)
      driver.crash()
      await driver.restart()
      await driver.advance(1_000)
      expect(struck).toBeGreaterThan(0)
      // a fault of either worker struck only now
      while (!driver.isRunning) {
        await driver.restart()
        await driver.advance(1_000)
      }
      const output = await driver.output(replies)
      expect(output.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, n) => n * 2),
      )
      for (const { value, partition, headers } of output) {
        expect(headers['weir.correlation-id']).toBe(`c${value / 2}`)
        expect(partition).toBe((value / 2) % 2)
        expect(headers['weir.instance']).toBe('me')
      }
      await driver.close()
    }
  })

  test('sets a request aside whose last attempt takes too long, and does not answer it', async () => {
    const deadLetter = deadLettersOf('stuck')
    const stuck = answering({ replies }, () => new Promise<number>(() => undefined), {
      attemptMsMax: 50,
      retry: noRetry,
      deadLetter,
    })
    const driver = await jobDriver(job('stuck').from(requests).pipe(stuck))
    await driver.send(requests, [
      { key: 'k', value: 1, headers: { 'weir.correlation-id': 'c', 'weir.reply-to': 'replies/0/me' } },
    ])
    await driver.advance(50)
    expect(await driver.output(replies)).toEqual([])
    expect((await driver.output(deadLetter)).map(({ headers }) => headers['weir.correlation-id'])).toEqual(['c'])
    await driver.close()
  })
})

test('a reply that is too large is told to its asker at once, and one whose key cannot be encoded is a dead letter', async () => {
  const deadLetter = deadLettersOf('shouters')
  const text = topic('replies', { key: int32, value: utf8, recordBytesMax: 1_000 })
  const shouting = answering<number, number, string>({ replies: text }, (n) => 'x'.repeat(n), { deadLetter })
  const asking = topic('asking', { key: float64, value: int32 })
  const driver = await jobDriver(job('shouters').from(asking).pipe(shouting))
  const headers = { 'weir.correlation-id': 'c', 'weir.reply-to': 'replies/0/me' }
  await driver.send(asking, [
    { key: 1, value: 2_000, headers },
    { key: 1.5, value: 1, headers },
  ])
  expect((await driver.output(repliesTopic(text))).map((reply) => reply.headers['weir.error'])).toEqual([
    expect.stringMatching(
      /^the reply, a string, cannot be sent: topic 'replies': a record has \d+ bytes .* recordBytesMax = 1000/,
    ),
  ])
  const [letter] = await driver.output(deadLetter)
  expect(letter!.headers).toMatchObject({
    'weir.attempts': '1',
    'weir.cause': expect.stringMatching(
      /^TerminalError: the failure of a request cannot be sent: .*key.*codec int32 was given/,
    ),
  })
  await driver.close()
})

test('an answerer that fails for good has sent nothing and claimed nothing, but for the failure', async () => {
  const sold = topic('sold', { key: utf8, value: int32 })
  let isBroken = true
  const firsts: boolean[] = []
  const answerer = answering<string, number, number>(
    { replies },
    async (n, { send, once }) => {
      firsts.push(await once('sale'))
      send(sold, 'k', n)
      if (isBroken) throw new Error('no')
      return n
    },
    { retry: noRetry, outputs: [sold] },
  )
  const driver = await jobDriver(job('seller').from(requests).pipe(answerer))
  const ask = (value: number): Promise<unknown> =>
    driver.send(requests, [
      { key: 'k', value, headers: { 'weir.correlation-id': `c${value}`, 'weir.reply-to': 'replies/0/me' } },
    ])
  await ask(1)
  isBroken = false
  await ask(2)
  expect(firsts).toEqual([true, true])
  expect((await driver.output(sold)).map(({ value }) => value)).toEqual([2])
  expect((await driver.output(repliesTopic(replies))).map(({ headers }) => headers['weir.error'])).toEqual([
    'no',
    undefined,
  ])
  await driver.close()
})
