import { InvalidOption, topic, utf8, Weir } from '@weir/core'
import { memory } from '@weir/testing'
import { expect, test } from 'vitest'
import {
  answering,
  checkStamps,
  exchange,
  halfMessages,
  leakyBucket,
  lossChecker,
  openExchange,
  openRequester,
  openSchedules,
  openTokenTopic,
  rateLimiter,
  relayOutbox,
  sharedRateLimiter,
  stampingProducer,
  streamFaults,
  tokenBucket,
} from '../src/index.ts'

const words = topic('words', { key: utf8, value: utf8 })
const answers = topic('answers', { key: utf8, value: utf8 })
const bucket = { ratePerSecond: 1, burst: 1 }
const odd = { timeout: 1 } as object

test.each<readonly [name: string, make: (weir: Weir) => unknown]>([
  ['halfMessages(weir).check', (weir) => halfMessages(weir).check('c', () => 'unknown', odd)],
  ['relayOutbox', (weir) => relayOutbox(weir, 'o', { readAfter: () => [] }, words, odd)],
  ['openRequester', (weir) => openRequester(weir, { requests: words, replies: answers, replyWithinMs: 1, ...odd })],
  ['openExchange', (weir) => openExchange(weir, exchange('e', { type: 'fanout', key: utf8, value: utf8 }), odd)],
  ['openTokenTopic', (weir) => openTokenTopic(weir, 't', { ...bucket, ...odd })],
  ['sharedRateLimiter', (weir) => sharedRateLimiter(weir, 'l', tokenBucket(bucket), odd)],
  ['rateLimiter', () => rateLimiter(tokenBucket(bucket), odd)],
  ['lossChecker', () => lossChecker(odd)],
  ['checkStamps', () => checkStamps(topic('faults', { key: utf8, value: streamFaults }), odd)],
  ['tokenBucket', () => tokenBucket({ ...bucket, ...odd })],
  ['leakyBucket', () => leakyBucket({ ratePerSecond: 1, capacity: 1, ...odd })],
  ['exchange', () => exchange('e', { type: 'fanout', key: utf8, value: utf8, ...odd })],
  ['stampingProducer', async (weir) => stampingProducer(await weir.producer(words), odd)],
  ['prepare', (weir) => halfMessages(weir).prepare(words, 'k', 'v', { checker: 'c', ...odd })],
  [
    'publish',
    async (weir) => {
      const fanout = exchange('e', { type: 'fanout', key: utf8, value: utf8 })
      await (await openExchange(weir, fanout)).publish('k', 'v', odd)
    },
  ],
  [
    'ask',
    async (weir) => {
      const asker = await openRequester(weir, { requests: words, replies: answers, replyWithinMs: 1 })
      await asker.ask('k', 'v', odd)
    },
  ],
  ['deliver', async (weir) => (await openSchedules(weir)).deliver(words, 'k', 'v', { deliverAfterMs: 1, ...odd })],
  [
    'cron',
    async (weir) =>
      (await openSchedules(weir)).cron('c', { cron: '* * * * *', topic: words, key: 'k', value: 'v', ...odd }),
  ],
])('%s refuses an option that nobody reads', async (_name, make) => {
  const weir = await Weir.open(memory())
  const making = Promise.resolve().then(() => make(weir))
  await expect(making).rejects.toThrow(/there is no option 'timeout'; expected some of/)
  await expect(making).rejects.toBeInstanceOf(InvalidOption)
  await weir.close()
})

test.each([{ delivery: 'at-most-once' }, { onExhausted: 'hold' }] as const)(
  'answering refuses what would leave an asker without an answer: %j',
  (option) => {
    expect(() => answering({ replies: answers }, () => 'answer', option as object)).toThrow(
      /^answering: there is no option/,
    )
  },
)

test.each<readonly [name: string, make: (weir: Weir) => unknown]>([
  ['deliver', async (weir) => (await openSchedules(weir)).deliver(words, 'k', 'v', { deliverAfterMs: -1 })],
  ['cron', async (weir) => (await openSchedules(weir)).cron('c', { cron: 'soon', topic: words, key: 'k', value: 'v' })],
  ['prepare', (weir) => halfMessages(weir).prepare(words, 'k', 'v', { checker: 'c', firstCheckMs: -1 })],
])('%s refuses an option before it creates the topic', async (_name, make) => {
  const weir = await Weir.open(memory())
  await expect(Promise.resolve().then(() => make(weir))).rejects.toBeInstanceOf(InvalidOption)
  expect(weir.topics().map(({ name }) => name)).not.toContain('words')
  await weir.close()
})

const nothing = undefined as never

test.each<readonly [name: string, make: (weir: Weir) => unknown]>([
  ['halfMessages(weir).check', (weir) => halfMessages(weir).check('c', nothing)],
  ['send', (weir) => halfMessages(weir).send(words, 'k', 'v', { checker: 'c' }, nothing)],
  ['relayOutbox', (weir) => relayOutbox(weir, 'o', { readAfter: nothing }, words)],
  ['answering', () => answering({ replies: answers }, nothing)],
])('%s refuses what cannot be called before anything is done', async (_name, make) => {
  const weir = await Weir.open(memory())
  await expect(Promise.resolve().then(() => make(weir))).rejects.toThrow(/is undefined; expected a function/)
  expect(halfMessages(weir).pending()).toEqual([])
  await weir.close()
})

test('halfMessages(weir).check refuses the name of a topic for what is abandoned', async () => {
  const weir = await Weir.open(memory())
  expect(() => halfMessages(weir).check('c', () => 'unknown', { abandoned: 'lost' as never })).toThrow(
    'checker \'c\': abandoned is "lost"; expected one such as topic(',
  )
  await weir.close()
})

const named = 'words' as never

test.each<readonly [name: string, make: (weir: Weir) => unknown]>([
  ['deliver', async (weir) => (await openSchedules(weir)).deliver(named, 'k', 'v', { deliverAfterMs: 1 })],
  [
    'cron',
    async (weir) => (await openSchedules(weir)).cron('c', { cron: '* * * * *', topic: named, key: 'k', value: 'v' }),
  ],
  ['prepare', (weir) => halfMessages(weir).prepare(named, 'k', 'v', { checker: 'c' })],
])('%s refuses the name of a topic where a topic is expected', async (_name, make) => {
  const weir = await Weir.open(memory())
  await expect(Promise.resolve().then(() => make(weir))).rejects.toThrow(
    /topic is "words"; expected one such as topic\(/,
  )
  await weir.close()
})
