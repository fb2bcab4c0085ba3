import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exponential, handlerJob, type Handler, InvalidJob, InvalidOption, type Job } from '@weir/core'
import {
  and,
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  crashAfter,
  inputTo,
  isAtLeastOnce,
  isBatchInvariant,
  isExactlyOnce,
  isIdempotent,
  isOptionInvariant,
  jobDriver,
  knownBy,
  type Law,
  type LawOptions,
  losesNothing,
  nth,
  preservesOrder,
  rescales,
  strike,
  where,
} from '@weir/testing'
import { calm, type LawStep } from '../src/laws/LawHistory.ts'
import { LawRun } from '../src/laws/runHistory.ts'
import {
  batchy,
  copies,
  copying,
  distinct,
  forgetful,
  hoarding,
  latest,
  more,
  pairing,
  picky,
  rekeyedCount,
  remembering,
  reversing,
  stuttering,
  throwing,
  windowedCount,
  wordCount,
  words,
} from './jobs.ts'

const records = arbitraryRecords({
  key: arbitraryKey(4),
  value: arbitraryKey(3),
  times: { stepMsMax: 400, disorderMsMax: 1_500 },
  countMax: 12,
})
const law: LawOptions = { inputs: [inputTo(words, records)] }
const seed = 20_260_701
const numRuns = 25

/** Each record has a value that no other one of its append has. */
const numbered = inputTo(
  words,
  records.map((all) => all.map((record, index) => ({ ...record, value: `${record.value}${record.key}${index}` }))),
)
const relation = {
  inputs: [numbered],
  from: [knownBy(words, ({ value }) => value)],
  to: [knownBy(copies, ({ value }) => value)],
}

const keeps = <Given>(given: Law<Given>): Promise<void> => assertLaw(given, { seed, numRuns })

/** What the law finds. */
const failureOf = async <Given>(given: Law<Given>, endOnFailure = true): Promise<string> => {
  try {
    await assertLaw(given, { seed, numRuns: 200, endOnFailure })
  } catch (error) {
    return (error as Error).message
  }
  return 'it holds'
}

describe('right jobs keep the laws that compare a job with itself', () => {
  const jobs: ReadonlyArray<readonly [Job, Partial<LawOptions>]> = [
    [wordCount, {}],
    [windowedCount, {}],
    [rekeyedCount, { order: 'byKey', timestamps: false }],
  ]
  for (const [job, options] of jobs) {
    const all = { ...law, ...options }
    test(`${job.name}: exactly once`, () => keeps(isExactlyOnce(job, all)))
    test(`${job.name}: at least once`, () => keeps(isAtLeastOnce(job, all)))
    test(`${job.name}: batch invariant`, () => keeps(isBatchInvariant(job, all)))
    test(`${job.name}: option invariant`, () => keeps(isOptionInvariant(job, all)))
    test(`${job.name}: rescales`, () => keeps(rescales(job, all)))
  }
})

describe('isExactlyOnce', () => {
  test('finds a job whose state is not in a store, with the smallest history that shows it', async () => {
    const message = await failureOf(isExactlyOnce(forgetful, { ...law, workersMax: 1 }), false)
    expect(message).toMatch(
      /topic 'counts', partition \d: entry 1 is \{ key: '.', timestamp: \d+, value: 1 \}\n {4}expected \{ .*value: 2 \}/,
    )
    expect(message).toMatch(/\n2 records, 1 fault, 1 worker/)
  })

  test('lets faults of your own strike beside those that it draws, and only what is judged', async () => {
    const calmly = { ...law, faultsMax: 0, workersMax: 1 }
    await keeps(isExactlyOnce(forgetful, calmly))
    const faults = [
      strike(
        and(
          where(({ commit }) => (commit?.append.length ?? 0) > 0),
          nth(1),
        ),
        crashAfter,
      ),
    ]
    expect(await failureOf(isExactlyOnce(forgetful, { ...calmly, faults }))).toMatch(
      /, 0 faults, 1 rule of your own, 1 worker/,
    )
  })

  test('finds a job that does not live through a crash between two records which always come together', async () => {
    const pair = inputTo(words, fc.constant(['1', '2'].map((value) => ({ key: 'a', value, timestamp: 0 }))))
    expect(await failureOf(isExactlyOnce(pairing, { inputs: [pair] }))).toContain("job 'pairing'")
  })

  test('finds a job that repeats what it did before a crash', async () => {
    expect(await failureOf(isExactlyOnce(stuttering, law))).toContain(
      "isExactlyOnce does not hold for job 'stuttering'",
    )
  })

  test('finds a job that keeps in a variable what a crash of the driver leaves there', async () => {
    const driver = await jobDriver(remembering())
    const send = () => driver.send(words, [{ key: 'a', value: 'a' }])
    await send()
    driver.crash()
    await driver.restart()
    await send()
    expect(await driver.output(copies)).toHaveLength(1)
    await driver.close()
    const told = "does not hold for job 'remembering'"
    expect(await failureOf(isExactlyOnce(remembering(), law))).toContain(told)
    expect(await failureOf(isBatchInvariant(remembering(), law))).toContain(told)
  })

  test('fails with what the job throws', async () => {
    const bad = inputTo(
      words,
      arbitraryRecords({ key: arbitraryKey(2), value: fc.constantFrom('good', 'bad'), countMin: 1 }),
    )
    const message = await failureOf(isExactlyOnce(throwing, { inputs: [bad] }))
    expect(message).toContain('the job failed: RecordsSetAside')
    expect(message).toContain('of the operator')
  })

  test('compares what was set aside when that is asked for', async () => {
    const few = inputTo(
      words,
      arbitraryRecords({ key: arbitraryKey(2), value: fc.constantFrom('good', 'bad'), countMax: 4 }),
    )
    await keeps(isExactlyOnce(throwing, { inputs: [few], order: 'unordered', badRecords: 'set-aside', ...bounds }))
  })
})

/** Fewer faults than records in a row on which a job stops. */
const bounds = { faultsMax: 2, commitsMax: 20 }

describe('isAtLeastOnce', () => {
  test('lets a record come twice', () => keeps(isAtLeastOnce(stuttering, law)))

  test('finds a job that forgets a record in a crash', async () => {
    expect(await failureOf(isAtLeastOnce(hoarding, law))).toMatch(/is there \d times\n {4}expected at least/)
  })

  test('finds a job that makes something up after a restart', async () => {
    expect(await failureOf(isAtLeastOnce(forgetful, law))).toContain("isAtLeastOnce does not hold for job 'forgetful'")
  })
})

describe('isBatchInvariant', () => {
  test('finds a job whose output depends on its batches', async () => {
    expect(await failureOf(isBatchInvariant(batchy, law))).toContain("isBatchInvariant does not hold for job 'batchy'")
  })
})

describe('isOptionInvariant', () => {
  test('finds a job whose output depends on the options of its run', async () => {
    expect(await failureOf(isOptionInvariant(batchy, law))).toContain(
      "isOptionInvariant does not hold for job 'batchy'",
    )
  })
})

describe('rescales', () => {
  test('finds a job that loses its state when a partition goes to another worker', async () => {
    const message = await failureOf(rescales(forgetful, law), false)
    expect(message).toContain("rescales does not hold for job 'forgetful'")
    expect(message).toMatch(/worker \d (starts|leaves|is killed, and stays away)/)
  })

  test('leaves one worker, also when another is still on its way out', async () => {
    const steps: ReadonlyArray<LawStep> = [
      { kind: 'append', input: 0, records: [], settles: true },
      { kind: 'leave', worker: 1, settles: false },
      { kind: 'kill', worker: 0, settles: false },
    ]
    const slowness = { of: 'commit', chance: 1, seed: 0 } as const
    const run = new LawRun(wordCount, law, { ...calm, workers: 2, slowness, steps })
    await run.run()
    expect(run.timeline(undefined)).not.toContain('is killed')
  })
})

describe('losesNothing', () => {
  test('holds for a job that gives everything on', () => keeps(losesNothing(copying, relation)))

  test('finds a job that drops a record in every run, which is exactly once all the same', async () => {
    await keeps(isExactlyOnce(picky, law))
    const message = await failureOf(losesNothing(picky, relation), false)
    expect(message).toMatch(/topic 'words', partition \d, offset 0 is lost: .*\n {4}no output is known by 'c.0'/)
  })

  test('holds for a handler, whose dead letters count', async () => {
    const careful = handlerJob('careful', words, orThrow, { outputs: [copies], retry, deadLetter: more })
    await keeps(
      losesNothing(careful, { ...relation, to: [...relation.to, knownBy(more, ({ value }) => value)], ...bounds }),
    )
    const careless = handlerJob('careless', words, orForget, { outputs: [copies], retry, deadLetter: more })
    expect(await failureOf(losesNothing(careless, relation))).toContain('is lost')
  })
})

const retry = exponential({ attemptsMax: 2, delayMs: 1, jitter: 0 })

/** Cannot do anything with a `b`. */
const orThrow: Handler<string, string> = (value, context) => {
  if (value.startsWith('b')) throw new Error('not that')
  context.send(copies, context.record.key, value)
}

const orForget: Handler<string, string> = (value, context) => {
  if (!value.startsWith('b')) context.send(copies, context.record.key, value)
}

describe('preservesOrder', () => {
  test('holds for a job that gives on what comes', () => keeps(preservesOrder(copying, relation)))

  test('holds where records are left out', () => keeps(preservesOrder(picky, { ...relation, per: 'partition' })))

  test('finds a job that turns batches round', async () => {
    expect(await failureOf(preservesOrder(reversing, relation))).toMatch(
      /is out of order: .*\n {4}offset \d+, before it, comes of a later record of key '.' of topic 'words'/,
    )
  })
})

describe('isIdempotent', () => {
  test('holds for a job that knows what it has seen', () => keeps(isIdempotent(distinct, law)))

  test('holds for a table that is written again, right behind', () =>
    keeps(isIdempotent(latest, { ...law, distanceMax: 0 })))

  test('finds a job that counts what comes twice', async () => {
    expect(await failureOf(isIdempotent(wordCount, law))).toContain("isIdempotent does not hold for job 'word-count'")
  })

  test('finds a table that an old value goes back into', async () => {
    expect(await failureOf(isIdempotent(latest, law))).toContain("isIdempotent does not hold for job 'latest'")
  })
})

describe('a law that would prove nothing is refused', () => {
  test.each([
    [
      'with an option that no law has',
      () => isExactlyOnce(wordCount, { ...law, faultMax: 2 } as never),
      "there is no option 'faultMax'",
    ],
    [
      'with an order that is none',
      () => isExactlyOnce(wordCount, { ...law, order: 'bykey' as 'byKey' }),
      "order is 'bykey'; expected one of ordered, byKey, unordered, latest",
    ],
    ['without any inputs', () => rescales(wordCount, {} as never), 'no inputs; expected inputTo()'],
    ['with its job alone', () => isExactlyOnce(wordCount, undefined as never), 'the options are undefined'],
    ['with its job alone', () => isIdempotent(distinct, undefined as never), 'the options are undefined'],
    ['with its job alone', () => losesNothing(copying, undefined as never), 'the options are undefined'],
    ['with its job alone', () => preservesOrder(copying, undefined as never), 'the options are undefined'],
    [
      'of a topic as it is',
      () => isBatchInvariant(wordCount, { inputs: [words as never] }),
      'the topic of inputs[0] is undefined; expected one such as topic(',
    ],
    ['of the name of a topic', () => inputTo('words' as never, records), 'inputTo: the topic is "words"; expected'],
    [
      'of records as they are',
      () => inputTo(words, [] as never),
      'inputTo: the records is an array; expected an arbitrary',
    ],
    [
      'with a sink as it is',
      () => isExactlyOnce(wordCount, { ...law, sinks: {} as never }),
      'sinks is an object; expected',
    ],
    ['without inputs', () => isExactlyOnce(wordCount, { inputs: [] }), 'no inputs'],
    ['of another topic', () => rescales(wordCount, { inputs: [inputTo(more, records)] }), "topic 'more' is an input"],
    ['without a relation', () => losesNothing(copying, { ...relation, to: [] }), 'to names nothing'],
    ['by no relation', () => losesNothing(copying, law as never), 'from names nothing'],
    [
      'by a topic as it is',
      () => losesNothing(copying, { ...relation, from: [words as never] }),
      'from names what knownBy() has not given; expected knownBy() of topic',
    ],
    ['by the name of a topic', () => knownBy('words' as never, String), 'knownBy: the topic is "words"; expected'],
    ['by no function', () => knownBy(words, undefined as never), 'knownBy: idOf is undefined; expected a function'],
    ['of a source that is none', () => preservesOrder(copying, { ...relation, from: relation.to }), 'from names topic'],
    ['by something else', () => preservesOrder(copying, { ...relation, per: 'topic' as 'key' }), "per is 'topic'"],
    ['of no distance', () => isIdempotent(distinct, { ...law, distanceMax: -1 }), 'distanceMax is -1'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(message)
  })
})

test.each(
  Object.entries({
    isAtLeastOnce,
    isBatchInvariant,
    isExactlyOnce,
    isIdempotent,
    isOptionInvariant,
    losesNothing,
    preservesOrder,
    rescales,
  }),
)('%s is of a job', (name, make) => {
  for (const [given, shown] of [
    [undefined, 'undefined'],
    ['count', '"count"'],
    [words, 'an object'],
  ] as const) {
    expect(() => make(given as never, relation)).toThrow(InvalidJob)
    expect(() => make(given as never, relation)).toThrow(`${name}: the job is ${shown}; expected one such as job(`)
  }
})
