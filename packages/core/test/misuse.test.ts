import { memory } from '@weir/testing'
import { map, to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import {
  CompletableFuture,
  diffJobs,
  diffOutputs,
  entry,
  exponential,
  flowOf,
  guaranteeOf,
  handle,
  handlerJob,
  InvalidJob,
  InvalidName,
  InvalidOption,
  job,
  nullable,
  pair,
  partsOf,
  redrive,
  stream,
  toMermaid,
  topic,
  utf8,
  Weir,
} from '../src/index.ts'
import { openWorld, type World } from './support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const copying = job('copy')
  .from(words)
  .pipe(to(topic('copies', { key: utf8, value: utf8 })))

type Use = (world: World, given: never) => unknown

/** As programs without types call it: nothing, the name of what is expected, and something else. */
const wrong: ReadonlyArray<readonly [given: unknown, shown: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['words', '"words"'],
  [5, 'a number'],
  [{}, 'an object'],
  [map(String), 'an object'],
]

const refusalOf = async (use: Use, given: unknown): Promise<Error> => {
  const world = await openWorld()
  return (await world.failure(CompletableFuture.supply(() => use(world, given as never)))) as Error
}

describe.each<readonly [what: string, use: Use]>([
  ["job 'a': the topic of from()", (_, given) => job('a').from(given)],
  ['stream: the topic', (_, given) => stream(given)],
  ['flowOf: the source', (_, given) => flowOf(given)],
  ["job 'g': the topic of from()", (_, given) => handlerJob('g', given, () => undefined)],
  ['handler: outputs[1]', (_, given) => handle(() => undefined, { outputs: [words, given] })],
  ['Weir.topic: the topic', ({ weir }, given) => weir.topic(given)],
  ['Weir.alter: the topic', ({ weir }, given) => weir.alter(given)],
  ['Weir.producer: the topic', ({ weir }, given) => weir.producer(given)],
  ['append: the topic of an entry', ({ weir }, given) => weir.append(entry(words, 'k', 'v'), entry(given, 'k', 'v'))],
  ['snapshot.topic: the topic', ({ weir }, given) => weir.snapshot().topic(given)],
  ['snapshot.bounds: the topic', ({ weir }, given) => weir.snapshot().bounds(given)],
  ['diffOutputs: topics[0]', ({ weir }, given) => diffOutputs(weir, weir, [given])],
])('what is no topic is refused before anything is touched: %s', (what, use) => {
  test.each(wrong)('%o', async (given, shown) => {
    const error = await refusalOf(use, given)
    expect(error).toBeInstanceOf(InvalidOption)
    expect(error.message).toBe(`${what} is ${shown}; expected one such as topic('orders', { key: utf8, value: utf8 })`)
  })
})

const forks = [memory(), memory()] as const

describe.each<readonly [what: string, use: Use]>([
  ['guaranteeOf: the job', (_, given) => guaranteeOf(given)],
  ['partsOf: the job', (_, given) => partsOf(given)],
  ['toMermaid: the job', (_, given) => toMermaid(given)],
  ['Weir.run: the job', ({ weir }, given) => weir.run(given)],
  ['Weir.store: the job', ({ weir }, given) => weir.store(given, 's')],
  ['Weir.mapStore: the job', ({ weir }, given) => weir.mapStore(given, 's')],
  ['Weir.renameStore: the job', ({ weir }, given) => weir.renameStore(given, { from: 'a', to: 'b' })],
  ['Weir.savepoint: the job', ({ weir }, given) => weir.savepoint([copying, given], memory())],
  ['snapshot.store: the job', ({ weir }, given) => weir.snapshot().store(given, 's')],
  ['snapshot.mapStore: the job', ({ weir }, given) => weir.snapshot().mapStore(given, 's')],
  ['snapshot.positions: the job', ({ weir }, given) => weir.snapshot().positions(given)],
  ['diffJobs: before', ({ weir }, given) => diffJobs(weir, { before: given, after: copying, into: forks })],
  ['diffJobs: after', ({ weir }, given) => diffJobs(weir, { before: copying, after: given, into: forks })],
])('what is no job is refused before anything is touched: %s', (what, use) => {
  test.each(wrong)('%o', async (given, shown) => {
    const error = await refusalOf(use, given)
    expect(error).toBeInstanceOf(InvalidJob)
    expect(error.message).toBe(
      `${what} is ${shown}; expected one such as job('count').from(words).pipe(count('counted'))`,
    )
  })
})

test.each<readonly [message: string, kind: new (...of: never) => Error, use: (world: World) => unknown]>([
  [
    "job 'a': argument 1 of pipe() is a function;",
    InvalidJob,
    () =>
      job('a')
        .from(words)
        .pipe(map(String), map as never),
  ],
  [
    "job 'a': argument 0 of pipe() is undefined;",
    InvalidJob,
    () =>
      job('a')
        .from(words)
        .pipe(undefined as never),
  ],
  ["job 'a': the timestamps of from() is a function;", InvalidOption, () => job('a').from(words, Number as never)],
  ["flowOf: the source is job 'a', which has no source;", InvalidJob, () => flowOf(job('a') as never)],
  ["topic 't': the options are undefined;", InvalidOption, () => topic('t', undefined as never)],
  [
    'topic \'t\': key is "utf8"; expected a codec',
    InvalidOption,
    () => topic('t', { key: 'utf8' as never, value: utf8 }),
  ],
  ["topic 't': value is undefined;", InvalidOption, () => topic('t', { key: utf8 } as never)],
  ['topic name of type undefined is not allowed;', InvalidName, () => topic(undefined as never, undefined as never)],
  ['pair: codec 1 is "utf8"; expected a codec', InvalidOption, () => pair(utf8, 'utf8' as never)],
  ['nullable: the codec is undefined; expected a codec', InvalidOption, () => nullable(undefined as never)],
  ['retry: the options are null;', InvalidOption, () => exponential(null as never)],
  ['snapshot: the options are null;', InvalidOption, ({ weir }) => weir.snapshot(null as never)],
  ['group name of type undefined', InvalidName, ({ weir }) => weir.group(undefined as never)],
  ['group name of type undefined', InvalidName, ({ weir }) => weir.topic(words).group(undefined as never)],
  ['consume: handler is undefined;', InvalidOption, ({ weir }) => weir.topic(words).consume(undefined as never)],
  [
    "consume: there is no option 'countMax';",
    InvalidOption,
    ({ weir }) => weir.topic(words).consume(() => undefined, { countMax: 1 } as never),
  ],
  ['handler: outputs is an object;', InvalidOption, () => handle(() => undefined, { outputs: words as never })],
  ['handler: deadLetter is "lost";', InvalidOption, () => handle(() => undefined, { deadLetter: 'lost' as never })],
  ['handler: expired is a number;', InvalidOption, () => handle(() => undefined, { expired: 5 as never })],
  ['redrive: the topic is undefined;', InvalidOption, ({ weir }) => redrive(weir, undefined as never)],
  ['Weir.open: the storage is "./data";', InvalidOption, () => Weir.open('./data' as never)],
  ['Weir.open: the options are null;', InvalidOption, () => Weir.open(memory(), null as never)],
  ['append: the topic of an entry is undefined;', InvalidOption, ({ weir }) => weir.append(undefined as never)],
  ['Weir.retain: topic name of type undefined', InvalidName, ({ weir }) => weir.retain('words' as never)],
  ['Weir.dropStore: job name of type undefined', InvalidName, ({ weir }) => weir.dropStore(undefined as never, 's')],
  ["job 'copy' has no store 'undefined';", InvalidJob, ({ weir }) => weir.store(copying, undefined as never)],
  [
    "savepoint of job 'copy': the target is undefined;",
    InvalidOption,
    ({ weir }) => weir.savepoint(copying, undefined as never),
  ],
  ['diffOutputs: topics is undefined;', InvalidOption, ({ weir }) => diffOutputs(weir, weir, undefined as never)],
  [
    'diffJobs: one of into is "./fork";',
    InvalidOption,
    ({ weir }) => diffJobs(weir, { before: copying, after: copying, into: [memory(), './fork' as never] }),
  ],
  [
    'diffJobs: topics[0] is "copies";',
    InvalidOption,
    ({ weir }) => diffJobs(weir, { before: copying, after: copying, into: forks, topics: ['copies' as never] }),
  ],
])('%s', async (message, kind, use) => {
  const error = await refusalOf(use, undefined)
  expect(error).toBeInstanceOf(kind)
  expect(error.message).toContain(message)
})

test('what is refused has left no trace', async () => {
  const world = await openWorld()
  await world.failure(world.weir.producer('words' as never))
  await world.failure(world.weir.append(entry(words, 'k', 'v'), entry('words' as never, 'k', 'v')))
  await world.failure(world.weir.run({} as never))
  expect(world.weir.topics()).toEqual([])
})
