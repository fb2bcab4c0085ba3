import { aggregate, count, filter, flatMap, fork, keyBy, map, reduce, to, tumbling } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { planJob } from '../../src/job/plan.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, InvalidName } from '../../src/model/errors.ts'
import { roundRobinPartitioner } from '../../src/model/partitioner.ts'
import { custom } from '../support/operators.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 4 })
const others = topic('others', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })

const looking = custom<string, string>(() => undefined)

describe('the plan of a job', () => {
  test('is one stage as long as records stay in their task', () => {
    const { stages } = planJob(job('j').from(words).pipe(count('c'), to(counts)))
    expect(stages).toHaveLength(1)
    expect(stages[0]).toMatchObject({ index: 0, input: words, inputs: [{ topic: words, upstream: undefined }] })
    expect(stages[0]!.operators.map(({ kind }) => kind)).toEqual(['count', 'to'])
  })

  test('begins a new stage before work by key when the key was changed, over a topic of its own', () => {
    const { stages } = planJob(
      job('j')
        .from(words)
        .pipe(
          keyBy((value) => value),
          looking,
          count('c'),
          to(counts),
        ),
    )
    expect(stages.map(({ operators }) => operators.map(({ kind }) => kind))).toEqual([
      ['keyBy', 'custom'],
      ['count', 'to'],
    ])
    expect(stages[0]!.nodes.at(-1)).toMatchObject({ kind: 'topic', topic: stages[1]!.input })
    expect(stages[1]!.inputs[0]!.upstream).toBe(0)
    expect(stages[1]!.input).toMatchObject({ name: 'j-c-repartition', partitions: 4, key: utf8, value: utf8 })
  })

  test('does not for a change of the key that no work by key follows', () => {
    expect(planJob(job('j').from(words).pipe(count('c'), keyBy(String), to(counts))).stages).toHaveLength(1)
  })

  test('has a stage for each change of the key that work by key follows', () => {
    const { stages } = planJob(
      job('j')
        .from(words)
        .pipe(
          keyBy((value) => value, { partitions: 3 }),
          count('by-word'),
          keyBy((n) => n, { key: int32 }),
          count('by-count'),
          to(topic('numbers', { key: int32, value: int32 })),
        ),
    )
    expect(
      stages.map(({ input, inputs }) => [input.name, input.partitions, input.key.name, inputs[0]!.upstream]),
    ).toEqual([
      ['words', 4, 'utf8', undefined],
      ['j-by-word-repartition', 3, 'utf8', 0],
      ['j-by-count-repartition', 4, 'int32', 1],
    ])
  })

  test('carries values through a repartition by the codec of what made them, MessagePack unless it says', () => {
    const valueOf = (built: Job): string => planJob(built).stages[1]!.input.value.name
    const from = job('j').from(words)
    expect(valueOf(from.pipe(keyBy(String), count('c'), to(counts)))).toBe('utf8')
    expect(
      valueOf(
        from.pipe(
          map((word) => word),
          keyBy(String),
          count('c'),
          to(counts),
        ),
      ),
    ).toBe('nullable(msgpack)')
    expect(
      valueOf(
        from.pipe(
          map((word) => word, { codec: utf8 }),
          keyBy(String),
          count('c'),
          to(counts),
        ),
      ),
    ).toBe('utf8')
    expect(
      valueOf(
        from.pipe(
          flatMap((word) => [word]),
          keyBy(String),
          count('c'),
          to(counts),
        ),
      ),
    ).toBe('nullable(msgpack)')
    expect(
      valueOf(
        from.pipe(
          reduce('r', (a) => a, { codec: utf8 }),
          keyBy(String),
          count('c'),
          to(counts),
        ),
      ),
    ).toBe('utf8')
  })

  test('has the stages of all flows, in their order', () => {
    const { stages } = planJob(
      job('j').from(words).pipe(keyBy(String), count('a'), to(counts)).from(others).pipe(count('b'), to(counts)),
    )
    expect(stages.map(({ index, input }) => [index, input.name])).toEqual([
      [0, 'words'],
      [1, 'j-a-repartition'],
      [2, 'others'],
    ])
  })
})

const invalid = (built: () => Job): string => {
  try {
    planJob(built())
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidJob)
    return (error as Error).message
  }
  throw new Error('expected InvalidJob')
}

describe('a job that cannot run is refused, by name', () => {
  test('without a source', () => {
    expect(invalid(() => job('j'))).toBe("job 'j' has no source; expected from(topic)")
  })

  test('without a sink or state at the end of any of its flows', () => {
    const message =
      "job 'j' does nothing with what it reads of 'words'; expected to(topic) or another sink in its pipe(), " +
      'or, at the end of it, an operator that keeps its result as state, such as count without a window'
    expect(invalid(() => job('j').from(words))).toBe(message)
    expect(invalid(() => job('j').from(words).pipe(count('c'), filter(Boolean)))).toBe(message)
    // each result goes when its window closes
    expect(
      invalid(() =>
        job('j')
          .from(words)
          .pipe(count('c', { window: tumbling(1_000) })),
      ),
    ).toBe(message)
    expect(invalid(() => job('j').from(words).from(others).pipe(to(texts)))).toBe(message)
  })

  test('with two stores of one name, in whichever stages', () => {
    const message =
      "job 'j' has two stores named 'c', of count and aggregate; expected a name of its own for each, because state is found by it"
    const again = aggregate<string, number, number>('c', { initial: () => 0, add: (a) => a })
    expect(invalid(() => job('j').from(words).pipe(count('c'), again, to(counts)))).toBe(message)
    expect(invalid(() => job('j').from(words).pipe(keyBy(String), count('c'), keyBy(String), again, to(counts)))).toBe(
      message,
    )
  })

  test.each(['', '.', 'a/b', 'a b', 'a\nb', 'x'.repeat(250)])('with the store name %j', (name) => {
    const counting = count<string, string>('c')
    const odd = { ...counting, stores: counting.stores.map((store) => ({ ...store, name })) }
    const message = invalid(() => job('j').from(words).pipe(odd, to(counts)))
    expect(message).toContain("job 'j': store name")
    expect(message).not.toContain('\n')
  })

  test('with one topic as two sources that are not the same', () => {
    const timestamps = { timestampOf: () => 1, outOfOrdernessMs: 0 }
    expect(invalid(() => job('j').from(words).pipe(to(texts)).from(words, timestamps).pipe(to(texts)))).toContain(
      "reads topic 'words' twice, with two definitions or two ways to assign timestamps",
    )
  })

  test('with two operators whose repartition topics have one name', () => {
    const keyed = custom<string, string>(() => undefined, { keyed: true })
    const message = invalid(() =>
      job('j').from(words).pipe(keyBy(String), keyed, to(texts)).from(others).pipe(keyBy(String), keyed, to(texts)),
    )
    expect(message).toContain("needs the topic 'j-custom-repartition' for two things")
  })

  test('with two forks that bring records together are told apart', () => {
    const forked = (name: string) => fork<string, string>((line) => line.pipe(count(name), to(counts)))
    const { stages } = planJob(
      job('j').from(words).pipe(keyBy(String), forked('a')).from(others).pipe(keyBy(String), forked('b')),
    )
    expect(stages.map(({ input }) => input.name)).toEqual(['words', 'j-a-repartition', 'others', 'j-b-repartition'])
  })

  test('with work by key on keys that may be null', () => {
    const maybe = topic('maybe', { key: nullable(utf8), value: utf8 })
    const message = "job 'j': count 'c' works by key and keeps values, but nullable(utf8) allows null"
    expect(
      invalid(() =>
        job('j')
          .from(maybe)
          .pipe(count('c'), to(topic('out', { key: nullable(utf8), value: int32 }))),
      ),
    ).toContain(message)
    expect(
      planJob(
        job('j')
          .from(maybe)
          .pipe(
            keyBy((value) => value),
            count('c'),
            to(counts),
          ),
      ).stages,
    ).toHaveLength(2)
  })

  test('with a store of values that may be null', () => {
    const last = reduce<string, string | null>('last', (_, value) => value, { codec: nullable(utf8) })
    const source = topic('nullable', { key: utf8, value: nullable(utf8) })
    expect(invalid(() => job('j').from(source).pipe(last, to(source)))).toContain("reduce 'last' works by key")
  })

  test('with work by key on records that are spread round robin', () => {
    const spread = topic('spread', { key: utf8, value: utf8, partitions: 2, partitioner: roundRobinPartitioner })
    expect(invalid(() => job('j').from(spread).pipe(count('c'), to(counts)))).toContain(
      "'spread' has them spread round robin",
    )
    expect(
      planJob(
        job('j')
          .from(spread)
          .pipe(
            keyBy((_, { key }) => key),
            count('c'),
            to(counts),
          ),
      ).stages,
    ).toHaveLength(2)
  })

  test('with a name that is too long for its own topics', () => {
    const name = 'j'.repeat(245)
    expect(invalid(() => job(name).from(words).pipe(to(texts)))).toContain(
      `job '${name}' cannot have a topic that it needs for itself`,
    )
    expect(
      invalid(() =>
        job('j')
          .from(words)
          .pipe(keyBy(String), count('c'.repeat(240)), to(counts)),
      ),
    ).toContain('cannot have a topic')
  })

  test('with a partition count for keyBy that is none', () => {
    expect(
      invalid(() =>
        job('j')
          .from(words)
          .pipe(keyBy(String, { partitions: 0 }), count('c'), to(counts)),
      ),
    ).toContain('partitions is 0')
  })

  test.each(['', '..', 'a/b', 'a\u0000b', 'x'.repeat(250)])('with the name %j', (name) => {
    expect(() => job(name)).toThrow(InvalidName)
  })
})

test('a job is a value: from and pipe leave it as it is', () => {
  const begun = job('j').from(words)
  const one = begun.pipe(to(texts))
  const two = begun.pipe(count('c', { window: tumbling(1_000) }), to(counts))
  expect([begun, one, two].map(({ flows }) => flows[0]!.operators.length)).toEqual([0, 1, 2])
})
