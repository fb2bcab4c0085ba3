import { memory } from '@weir/testing'
import { map, to } from '@weir/operators'
import { expect, test } from 'vitest'
import { CompletableFuture, entry, exponential, handle, InvalidOption, job, topic, utf8, Weir } from '../src/index.ts'
import { openWorld, type World } from './support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const copying = job('copy')
  .from(words)
  .pipe(
    map((word) => word),
    to(topic('copies', { key: utf8, value: utf8 })),
  )
const bounded = topic('bounded', { key: utf8, value: utf8, capacity: { countMax: 10, whenFull: 'reject' } })

/** As programs without types write it: a name that is not an option, among those that are. */
const misspelt = { leaseMS: 1 } as object

test.each<readonly [string, (world: World) => unknown]>([
  ['Weir.open', () => Weir.open(memory(), misspelt)],
  ['topic', () => topic('t', { key: utf8, value: utf8, ...misspelt })],
  ['retention', () => topic('t', { key: utf8, value: utf8, retention: { ageMs: 1, ...misspelt } })],
  ['capacity', () => topic('t', { key: utf8, value: utf8, capacity: { countMax: 1, whenFull: 'wait', ...misspelt } })],
  ['producer', ({ weir }) => weir.producer(words, misspelt)],
  ['append', ({ weir }) => weir.producer(words).thenCompose((producer) => producer.append('k', 'x', misspelt))],
  [
    'append where there is a capacity',
    ({ weir }) => weir.producer(bounded).thenCompose((producer) => producer.append('k', 'x', misspelt)),
  ],
  [
    'appendAll',
    ({ weir }) =>
      weir.producer(words).thenCompose((producer) => producer.appendAll([{ key: 'k', value: 'x', ...misspelt }])),
  ],
  ['Weir.append', ({ weir }) => weir.append(entry(words, 'k', 'x', misspelt))],
  ['run', ({ weir }) => weir.run(copying, misspelt)],
  ['handle', () => handle(() => undefined, misspelt)],
  ['shed', () => handle(() => undefined, { shed: { lagMax: 1, ...misspelt } })],
  ['exponential', () => exponential(misspelt)],
  [
    'process',
    ({ weir }) =>
      weir
        .topic(words)
        .group('g')
        .process(() => undefined, misspelt),
  ],
])('an option that nobody reads is refused by name, with those that there are: %s', async (_what, use) => {
  const world = await openWorld()
  const error = await world.failure(CompletableFuture.supply(() => use(world)))
  expect(error).toBeInstanceOf(InvalidOption)
  expect((error as Error).message).toMatch(/there is no option 'leaseMS'; expected some of \w+, \w+/)
})

test('what a handler sends with an option that nobody reads fails its attempt', async () => {
  const world = await openWorld()
  const running = await world.outcome(
    world.weir
      .topic(words)
      .group('g')
      .process((_, { send }) => send(bounded, 'k', 'x', misspelt), {
        outputs: [bounded],
        retry: exponential({ attemptsMax: 1 }),
      }),
  )
  await world.outcome(world.weir.append(entry(words, 'k', 'x')))
  expect(running.count('deadLettered')).toBe(1)
})

test('a whole record may stand for its options', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(words))
  const record = { key: 'k', value: 'x', timestamp: 7 }
  await expect(world.outcome(producer.append(record.key, record.value, record))).resolves.toMatchObject({ offset: 0 })
})
