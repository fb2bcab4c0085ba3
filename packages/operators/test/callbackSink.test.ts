import {
  CompletableFuture,
  exponential,
  InvalidName,
  InvalidOption,
  job,
  noRetry,
  SinkFailed,
  TerminalError,
  topic,
  utf8,
} from '@weir/core'
import { callbackSink, type CallbackSinkOptions, fork, sink, type SinkCall, to } from '@weir/operators'
import { arbitraryKey, arbitraryRecords, inputTo, isExactlyOnce, jobDriver, type JobDriver } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const lines = topic('lines', { key: utf8, value: utf8 })
type Call = SinkCall<string, string>

/** A service that answers when it is told to. */
class Service {
  readonly calls: Call[] = []
  readonly #open = new Map<string, CompletableFuture<void>>()

  readonly send = (call: Call): CompletableFuture<void> => {
    this.calls.push(call)
    const answer = new CompletableFuture<void>()
    this.#open.set(call.value, answer)
    return answer
  }

  get underWay(): ReadonlyArray<string> {
    return [...this.#open.keys()]
  }

  answer(value: string, error?: Error): void {
    const future = this.#open.get(value)!
    this.#open.delete(value)
    if (error === undefined) future.complete(undefined)
    else future.completeExceptionally(error)
  }
}

const driven = (send: (call: Call) => unknown, options: CallbackSinkOptions = {}): Promise<JobDriver> =>
  jobDriver(
    job('bill')
      .from(lines)
      .pipe(sink(callbackSink('service', send, options))),
  )

const records = (...texts: ReadonlyArray<string>) => texts.map((text) => ({ key: text[0]!, value: text, timestamp: 0 }))

test('calls for a key are made in order, one after the other, those for others at the same time, up to the bound', async () => {
  const service = new Service()
  const driver = await driven(service.send, { concurrencyMax: 2 })
  await driver.send(lines, records('a1', 'a2', 'b1', 'c1'))
  expect(service.underWay).toEqual(['a1', 'b1'])
  service.answer('a1')
  await driver.settle()
  expect(service.underWay).toEqual(['b1', 'a2'])
  service.answer('b1')
  await driver.settle()
  expect(service.underWay).toEqual(['a2', 'c1'])
  expect(driver.metrics().lag).toBe(4)
  for (const value of ['a2', 'c1']) service.answer(value)
  await driver.settle()
  expect(driver.metrics().lag).toBe(0)
  await driver.close()
})

test('a failed call is tried again after its wait, with the same key; the calls behind it wait', async () => {
  const service = new Service()
  const driver = await driven(service.send, { retry: exponential({ delayMs: 100, jitter: 0 }) })
  await driver.send(lines, records('a1', 'a2'))
  service.answer('a1', new Error('503'))
  await driver.advance(99)
  expect(service.calls.map(({ value, attempt }) => [value, attempt])).toEqual([['a1', 1]])
  await driver.advance(1)
  service.answer('a1')
  await driver.settle()
  expect(service.calls.map(({ value, attempt }) => [value, attempt])).toEqual([
    ['a1', 1],
    ['a1', 2],
    ['a2', 1],
  ])
  expect(new Set(service.calls.map(({ idempotencyKey }) => idempotencyKey))).toEqual(
    new Set(['bill/lines/0/0', 'bill/lines/0/1']),
  )
  service.answer('a2')
  await driver.close()
})

test('what was under way at a crash is called again with the same key', async () => {
  const service = new Service()
  const driver = await driven(service.send)
  await driver.send(lines, [{ key: 'a', value: 'a1', timestamp: 0, id: 'order-7' }])
  driver.crash()
  await driver.restart()
  expect(service.calls.map(({ idempotencyKey, attempt }) => [idempotencyKey, attempt])).toEqual([
    ['order-7', 1],
    ['order-7', 1],
  ])
  await driver.close()
})

test('a call that takes too long has failed', async () => {
  const service = new Service()
  const driver = await driven(service.send, { attemptMsMax: 50, retry: exponential({ delayMs: 1, jitter: 0 }) })
  await driver.send(lines, records('a1'))
  await driver.advance(51)
  expect(service.calls.map(({ attempt }) => attempt)).toEqual([1, 2])
  await driver.close()
})

test('a call that fails with a TerminalError is made once, whatever the retry says', async () => {
  const service = new Service()
  const driver = await driven(service.send, { retry: { attemptsMax: 9, delayMs: () => 1, isWorthIt: () => true } })
  await driver.send(lines, records('a1'))
  service.answer('a1', new TerminalError('410'))
  await expect(driver.settle()).rejects.toThrow('after 1 attempts. The last one said: 410')
  await driver.close()
})

test('a record whose last attempt fails ends the run, and comes first in the next one', async () => {
  let isBroken = true
  const sent: string[] = []
  const driver = await driven(
    ({ value }) => {
      if (isBroken) throw new Error('401')
      sent.push(value)
    },
    { retry: noRetry },
  )
  const failure = await driver.send(lines, records('a1', 'a2')).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SinkFailed)
  expect((failure as Error).message).toBe(
    "job 'bill': sink 'service' on 'lines', partition 0: gave up the record at offset 0 after 1 attempts. The last one said: 401",
  )
  isBroken = false
  await driver.restart()
  expect(sent).toEqual(['a1', 'a2'])
  await driver.close()
})

test('a partition that is given up is called no more', async () => {
  const service = new Service()
  const driver = await driven(service.send, { retry: exponential({ delayMs: 500, jitter: 0 }) })
  await driver.send(lines, records('a1'))
  service.answer('a1', new Error('503'))
  await driver.restart()
  await driver.advance(1_000)
  expect(service.calls.map(({ attempt }) => attempt)).toEqual([1, 1])
  await driver.close()
})

test('a whole batch of calls that are done at once needs no deep stack', async () => {
  let count = 0
  const driver = await driven(() => count++, { concurrencyMax: 1 })
  await driver.send(
    lines,
    [...Array(4_000).keys()].map((index) => ({ key: String(index), value: 'x', timestamp: 0 })),
  )
  expect(count).toBe(4_000)
  await driver.close()
})

test('a job with it is under the laws as any other', async () => {
  const copies = topic('copies', { key: utf8, value: utf8 })
  const calling = job('bill')
    .from(lines)
    .pipe(
      fork((line) => line.pipe(sink(callbackSink('service', () => undefined)))),
      to(copies),
    )
  const input = inputTo(lines, arbitraryRecords({ key: arbitraryKey(3), value: arbitraryKey(3), countMax: 8 }))
  await fc.assert(isExactlyOnce(calling, { inputs: [input] }), { numRuns: 30 })
})

test('options are looked at before anything starts', () => {
  const send = (): void => undefined
  expect(() => callbackSink('a/b', send)).toThrow(InvalidName)
  expect(() => callbackSink('a', 1 as never)).toThrow("sink 'a': send is a number; expected a function")
  expect(() => callbackSink('a', send, { concurrencyMax: 0 })).toThrow(
    "sink 'a': concurrencyMax is 0; expected a whole number from 1 to 10000",
  )
  expect(() => callbackSink('a', send, { attemptMsMax: -1 })).toThrow(InvalidOption)
  expect(() => callbackSink('a', send, { retry: 3 as never })).toThrow('retry is 3; expected one such as exponential()')
  expect(() => callbackSink('a', send, { retries: 3 } as never)).toThrow("there is no option 'retries'")
})
