import {
  InvalidOption,
  BufferFull,
  Cancelled,
  type CompletableFuture,
  float64,
  int32,
  noRetry,
  type RunOptions,
  StorageClosed,
  TerminalError,
  TimedOut,
  topic,
  TopicFull,
  utf8,
  Weir,
} from '@weir/core'
import { memory, memoryDisk, seededRandom, virtualClock } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { answer, InvalidReply, RequestFailed, openRequester, type Requester } from '../src/index.ts'

const requests = topic('squares', { key: utf8, value: int32, partitions: 3 })
const replies = topic('squares-replies', { key: utf8, value: int32, partitions: 2 })
const topics = { requests, replies }
const replyWithinMs = 1_000

/** Several processes over one disk, at one time. */
const scene = () => {
  const clock = virtualClock(1_000_000)
  const disk = memoryDisk()
  const now = async <A>(future: CompletableFuture<A>): Promise<A> => {
    await clock.settle()
    return future
  }
  const open = (): Promise<Weir> => now(Weir.open(memory({ disk, clock }), { clock }))
  const run: RunOptions = { leaseMs: 3_600_000 }
  return { clock, now, open, run }
}

const statusesOf = (asked: ReadonlyArray<CompletableFuture<unknown>>): ReadonlyArray<string> =>
  asked.map(({ state }) => state.status)

describe('a requester', () => {
  test('gives each of several asking instances the replies to its own requests, once, whoever answers', async () => {
    const { clock, now, open, run } = scene()
    const random = seededRandom(3)
    const handled: number[] = []
    for (let i = 0; i < 2; i++) {
      const answering = answer(
        await open(),
        'squarers',
        topics,
        (n) => {
          handled.push(n)
          return new Promise<number>((resolve) => clock.after(random.next() * 50, () => resolve(n * n)))
        },
        { ...run, order: 'none' },
      )
      await now(answering)
    }
    const askers: Array<Requester<string, number, number>> = []
    for (let i = 0; i < 3; i++) askers.push(await now(openRequester(await open(), { ...topics, replyWithinMs })))
    const asked = Array.from({ length: 90 }, (_, n) => askers[n % 3]!.ask(`k${n % 10}`, n))
    await clock.advance(900)
    expect(asked.map((reply) => (reply.getNow(undefined) as { value: number }).value)).toEqual(
      asked.map((_, n) => n * n),
    )
    expect(handled.toSorted((a, b) => a - b)).toEqual(asked.map((_, n) => n))
    for (const asker of askers) {
      expect(asker.counts()).toEqual({ answered: 30, failed: 0, timedOut: 0, late: 0, repeated: 0 })
    }
  })

  test('times out, and what has expired is never run', async () => {
    const { clock, now, open, run } = scene()
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs }))
    const asked = [asker.ask('k', 1), asker.ask('k', 2, { replyWithinMs: 5_000 })]
    await clock.advance(999)
    expect(statusesOf(asked)).toEqual(['pending', 'pending'])
    await clock.advance(1)
    await expect(asked[0]).rejects.toThrow(TimedOut)
    await expect(asked[0]).rejects.toThrow("no reply to a request to topic 'squares' within 1000 ms")
    const handled: number[] = []
    await now(answer(await open(), 'squarers', topics, (n) => (handled.push(n), n * n), run))
    await clock.settle()
    expect((await asked[1])!.value).toBe(4)
    expect(handled).toEqual([2])
    expect(asker.counts()).toEqual({ answered: 1, failed: 0, timedOut: 1, late: 0, repeated: 0 })
  })

  test('lets none begin later than it says, so that a queue that is too long is not answered just too late', async () => {
    const { clock, now, open, run } = scene()
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs, startWithinMs: 800 }))
    const begun: number[] = []
    const slowly = (n: number): Promise<number> => {
      begun.push(n)
      return new Promise((resolve) => clock.after(150, () => resolve(n)))
    }
    await now(answer(await open(), 'squarers', topics, slowly, { ...run, order: 'partition' }))
    const asked = Array.from({ length: 10 }, (_, n) => asker.ask('k', n))
    asked.push(asker.ask('k', 10, { startWithinMs: 1_000 }), asker.ask('k', 11, { replyWithinMs: 500 }))
    await clock.advance(1_200)
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 10])
    expect(asker.counts()).toEqual({ answered: 6, failed: 0, timedOut: 6, late: 1, repeated: 0 })
    expect(statusesOf(asked).slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 'completed'))
    for (const each of asked.slice(6)) await expect(each).rejects.toThrow(TimedOut)
  })

  test('drops and counts replies that come late, and replies that come twice', async () => {
    const { clock, now, open, run } = scene()
    const answerer = (waitMs: number) => (n: number) =>
      new Promise<number>((resolve) => clock.after(waitMs, () => resolve(n)))
    // two groups answer the same requests
    await now(answer(await open(), 'fast', topics, answerer(100), run))
    await now(answer(await open(), 'slow', topics, answerer(300), run))
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs }))
    const reply = asker.ask('k', 7)
    const impatient = asker.ask('other', 8, { replyWithinMs: 50 })
    await clock.advance(100)
    expect((await reply).value).toBe(7)
    await expect(impatient).rejects.toThrow(TimedOut)
    await clock.advance(1_000)
    expect(asker.counts()).toEqual({ answered: 1, failed: 0, timedOut: 1, late: 1, repeated: 2 })
  })

  test('is told when the handler has failed for good, after its last attempt', async () => {
    const { clock, now, open, run } = scene()
    const attempts: number[] = []
    await now(
      answer(
        await open(),
        'squarers',
        topics,
        (_, { attempt }) => {
          attempts.push(attempt)
          throw new Error('no squares today')
        },
        { ...run, retry: { ...noRetry, attemptsMax: 2, isWorthIt: () => true } },
      ),
    )
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs }))
    const asked = asker.ask('k', 1)
    await clock.advance(100)
    await expect(asked).rejects.toThrow(RequestFailed)
    await expect(asked).rejects.toThrow(/no squares today/)
    expect(attempts).toEqual([1, 2])
    expect(asker.counts().failed).toBe(1)
  })

  test.each([
    [
      1.5,
      /the reply, a number, cannot be sent: topic 'squares-replies': the value cannot be encoded: codec int32 was given another number/,
    ],
    ['one', /the reply, a string, cannot be sent: topic 'squares-replies': .*codec int32/],
    [null, /the reply, null, cannot be sent: topic 'squares-replies': the value is null; expected a value of int32/],
    [undefined, /the reply, undefined, cannot be sent: topic 'squares-replies': .* expected a value of int32/],
  ])(
    'is told at once of a reply that its codec does not encode, such as %j, which was made once',
    async (given, told) => {
      const { clock, now, open, run } = scene()
      let count = 0
      const answerer = (): number => (count++, given as number)
      await now(answer(await open(), 'squarers', topics, answerer, run))
      const asker = await now(openRequester(await open(), { ...topics, replyWithinMs }))
      const asked = asker.ask('k', 1)
      await clock.advance(20)
      await expect(asked).rejects.toThrow(told)
      await clock.advance(60_000)
      expect(count).toBe(1)
    },
  )

  test('is told at once when the handler says that no further attempt makes sense', async () => {
    const { clock, now, open, run } = scene()
    const failing = (): never => {
      throw new TerminalError('no such account')
    }
    const retry = { attemptsMax: 9, delayMs: () => 100, isWorthIt: () => true }
    await now(answer(await open(), 'squarers', topics, failing, { ...run, retry }))
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs }))
    const asked = asker.ask('k', 1)
    await clock.advance(20)
    await expect(asked).rejects.toThrow(/no such account/)
  })

  test('is told of a reply that cannot be read', async () => {
    const { clock, now, open } = scene()
    const weir = await open()
    const asker = await now(openRequester(weir, { ...topics, replyWithinMs, partition: 1 }))
    const asked = asker.ask('k', 1)
    const headers = new Promise<Readonly<Record<string, string>>>((resolve) => {
      weir
        .topic(requests)
        .from('earliest')
        .subscribe((record) => resolve(record.headers))
    })
    await clock.settle()
    const { 'weir.correlation-id': id = '', 'weir.reply-to': to = '' } = await headers
    expect(to).toMatch(/^squares-replies\/1\/[0-9a-z]{20}$/)
    const wrong = { ...topic(replies.name, { key: utf8, value: float64, partitions: 2 }) }
    const named = { ...wrong, value: { ...float64, name: int32.name } }
    const producer = await now(weir.producer(named))
    const instance = to.split('/')[2]!
    void producer.append('k', 1, { partition: 1, headers: { 'weir.correlation-id': id, 'weir.instance': instance } })
    await clock.settle()
    await expect(asked).rejects.toThrow(InvalidReply)
    await expect(asked).rejects.toThrow(/its value is none of codec int32/)
  })

  test('handles a request that nobody waits for, and drops its reply', async () => {
    const { clock, now, open, run } = scene()
    const weir = await open()
    const handled: number[] = []
    const running = await now(answer(weir, 'squarers', topics, (n) => (handled.push(n), n), run))
    const producer = await now(weir.producer(requests))
    const to = (replyTo: string) => ({ headers: { 'weir.correlation-id': 'c', 'weir.reply-to': replyTo } })
    void producer.append('k', 0)
    void producer.append('k', 1, to('elsewhere/0/x'))
    void producer.append('k', 2, to('squares-replies/2/x'))
    void producer.append('k', 3, to('squares-replies/-1/x'))
    void producer.append('k', 4, to('squares-replies'))
    void producer.append('k', 5, { headers: { 'weir.reply-to': 'squares-replies/0/x' } })
    await clock.settle()
    expect(handled).toEqual([0, 1, 2, 3, 4, 5])
    expect(running.metrics().lag).toBe(0)
    expect(weir.storage.bounds(weir.topics().find(({ name }) => name === replies.name)!.firstPartition).end).toBe(0)
  })

  test('fails at once what cannot be sent, and what is too much', async () => {
    const { now, open } = scene()
    const asker = await now(openRequester(await open(), { ...topics, replyWithinMs, waitingMax: 1 }))
    await expect(asker.ask('k', 0.5)).rejects.toThrow(/int32/)
    await expect(asker.ask('k', 1, { replyWithinMs: 0 })).rejects.toThrow(/replyWithinMs is 0/)
    const first = asker.ask('k', 1)
    await expect(asker.ask('k', 2)).rejects.toThrow(BufferFull)
    first.cancel()
    await expect(first).rejects.toThrow(Cancelled)
    expect(asker.ask('k', 2).isDone).toBe(false)
  })

  test('says at once when the topic of requests has no room', async () => {
    const { clock, now, open } = scene()
    for (const whenFull of ['reject', 'drop-newest'] as const) {
      const capacity = { countMax: 2, whenFull }
      const bounded = topic(`bounded-${whenFull}`, { key: utf8, value: int32, capacity })
      const asker = await now(openRequester(await open(), { requests: bounded, replies, replyWithinMs }))
      const asked = [asker.ask('k', 1), asker.ask('k', 2), asker.ask('k', 3)]
      await clock.settle()
      expect(statusesOf(asked)).toEqual(['pending', 'pending', 'failed'])
      await expect(asked[2]).rejects.toThrow(TopicFull)
    }
  })

  test('leaves no timer behind a request that is answered, cancelled or closed', async () => {
    const { clock, now, open } = scene()
    const weir = await open()
    const asker = await now(openRequester(weir, { ...topics, replyWithinMs }))
    const asked = [asker.ask('k', 1), asker.ask('k', 2)]
    await clock.settle()
    expect(clock.pending().length).toBe(2)
    asked[0]!.cancel()
    expect(clock.pending().length).toBe(1)
    const closed = asker.close()
    expect(clock.pending().length).toBe(0)
    await now(closed)
    await expect(asked[1]).rejects.toThrow(StorageClosed)
    await expect(asker.ask('k', 3)).rejects.toThrow(StorageClosed)
  })

  test('fails what waits with StorageClosed when its Weir is closed', async () => {
    const { clock, now, open } = scene()
    const weir = await open()
    const asker = await now(openRequester(weir, { ...topics, replyWithinMs }))
    const asked = asker.ask('k', 1)
    void weir.close()
    await clock.settle()
    await expect(asked).rejects.toThrow(StorageClosed)
  })

  test('refuses options out of range', async () => {
    const { now, open } = scene()
    const weir = await open()
    await expect(now(openRequester(weir, { ...topics, replyWithinMs: 0 }))).rejects.toThrow(/replyWithinMs is 0/)
    await expect(now(openRequester(weir, { ...topics, replyWithinMs, partition: 2 }))).rejects.toThrow(/partition is 2/)
    await expect(now(openRequester(weir, { ...topics, replyWithinMs, waitingMax: 0 }))).rejects.toThrow(
      /waitingMax is 0/,
    )
    await expect(now(openRequester(weir, { ...topics, replyWithinMs, startWithinMs: 1_001 }))).rejects.toThrow(
      /startWithinMs is 1001; expected a whole number from 1 to 1000/,
    )
    for (const part of ['requests', 'replies'] as const) {
      const opening = openRequester(weir, { ...topics, replyWithinMs, [part]: undefined as never })
      await expect(now(opening)).rejects.toThrow(new RegExp(`${part} is undefined; expected one such as topic`))
      await expect(now(opening)).rejects.toBeInstanceOf(InvalidOption)
    }
    await expect(now(answer(weir, 'a', { ...topics, replies: undefined as never }, () => 1))).rejects.toThrow(
      /replies is undefined; expected one such as topic/,
    )
    const one = { requests, replies: requests }
    await expect(now(openRequester(weir, { ...one, replyWithinMs }))).rejects.toThrow(/expected another topic/)
    await expect(now(answer(weir, 'a', one, () => 1))).rejects.toThrow(/expected another topic/)
    await expect(now(answer(weir, 'a', topics, () => 1, { run: {} } as object))).rejects.toThrow(/no option 'run'/)
    const asker = await now(openRequester(weir, { ...topics, replyWithinMs }))
    await expect(asker.ask('k', 1, { startWithinMs: 0 })).rejects.toThrow(/startWithinMs is 0/)
  })
})
