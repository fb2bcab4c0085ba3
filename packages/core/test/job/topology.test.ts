import { count, keyBy, map, merge, through, to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { handle } from '../../src/handler/handle.ts'
import { flowOf, type Job, job, type JobFlow, stream } from '../../src/job/Job.ts'
import type { AnyOperator } from '../../src/job/Operator.ts'
import { planJob } from '../../src/job/plan.ts'
import { type Topic, topic } from '../../src/log/Topic.ts'
import { InvalidJob } from '../../src/model/errors.ts'
import { custom } from '../support/operators.ts'

const left = topic('left', { key: utf8, value: utf8, partitions: 4 })
const right = topic('right', { key: utf8, value: utf8, partitions: 4 })
const narrow = topic('narrow', { key: utf8, value: utf8, partitions: 2 })
const numbered = topic('numbered', { key: int32, value: utf8, partitions: 4 })
const out = topic('out', { key: utf8, value: utf8 })

/** An operator by key that takes other flows in. */
const joined = (
  ...others: ReadonlyArray<Topic<string, string> | Topic<number, string> | JobFlow<string, string>>
): AnyOperator => ({
  ...custom<string, string>(() => undefined, { name: 'joined', keyed: true }),
  others: others.map((other) => flowOf(other as Topic<string, string>)),
})

const inputsOf = (built: Job): ReadonlyArray<ReadonlyArray<string>> =>
  planJob(built).stages.map(({ inputs }) => inputs.map(({ topic: { name } }) => name))

const partitionsOf = (built: Job): ReadonlyArray<number> => planJob(built).stages.map(({ input }) => input.partitions)

const invalid = (plan: () => Job): string => {
  try {
    planJob(plan())
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidJob)
    return (error as Error).message
  }
  throw new Error('expected InvalidJob')
}

describe('flows that meet', () => {
  test('are one stage where they have the records of a key in the same partitions', () => {
    expect(inputsOf(job('j').from(left).pipe(joined(right), to(out)))).toEqual([['left', 'right']])
  })

  test('are named by the same topic, whichever side of a join it is', () => {
    const nameOf = (built: Job) => planJob(built).stages[0]!.input.name
    expect(nameOf(job('j').from(left).pipe(joined(right), to(out)))).toBe('left')
    expect(nameOf(job('j').from(right).pipe(joined(left), to(out)))).toBe('left')
  })

  test('are brought to the partitions of the side that stays', () => {
    const built = job('j')
      .from(left)
      .pipe(joined(stream(narrow).pipe(keyBy(String))), to(out))
    expect(inputsOf(built)).toEqual([['narrow'], ['left', 'j-joined-right-repartition']])
    expect(partitionsOf(built)).toEqual([2, 4])
    const other = job('j').from(narrow).pipe(keyBy(String), joined(left), to(out))
    expect(inputsOf(other)).toEqual([['narrow'], ['left', 'j-joined-repartition']])
  })

  test('that both change their keys get topics of the same number of partitions', () => {
    const built = job('j')
      .from(narrow)
      .pipe(keyBy(String), joined(stream(left).pipe(keyBy(String))), to(out))
    expect(inputsOf(built)).toEqual([['narrow'], ['left'], ['j-joined-repartition', 'j-joined-right-repartition']])
    expect(partitionsOf(built)).toEqual([2, 4, 4])
  })

  test('of one topic are one input, in whichever flows it is read', () => {
    const built = job('j')
      .from(left)
      .pipe(keyBy(String), joined(stream(left).pipe(keyBy((value) => value))), to(out))
    expect(inputsOf(built)).toEqual([['left'], ['j-joined-repartition', 'j-joined-right-repartition']])
    expect(inputsOf(job('j').from(left).pipe(to(out)).from(left).pipe(count('c'), map(String), to(out)))).toEqual([
      ['left'],
    ])
  })

  test('with different numbers of partitions are refused', () => {
    expect(invalid(() => job('j').from(left).pipe(joined(narrow), to(out)))).toBe(
      "job 'j': custom 'joined' needs the records of a key in partitions of the same number, but 'left' has 4 partitions and " +
        "'narrow' has 2; expected the same of both, or a keyBy() on one side",
    )
    const spread = topic('spread', { key: utf8, value: utf8, partitions: 4, partitioner: () => 0 })
    expect(invalid(() => job('j').from(left).pipe(joined(spread), to(out)))).toContain('with another partitioner')
  })

  test('with different key codecs are refused', () => {
    expect(invalid(() => job('j').from(left).pipe(joined(numbered), to(out)))).toBe(
      "job 'j': custom 'joined' brings together keys of codec utf8 from 'left' and of int32 from 'numbered'; " +
        'expected the same codec, by keyBy() on one side',
    )
    expect(
      invalid(() =>
        job('j')
          .from(left)
          .pipe(merge(numbered as never), to(out)),
      ),
    ).toContain('merge brings together')
  })

  test('where one would be read and written by the same task are refused', () => {
    const message = invalid(() => job('j').from(left).pipe(keyBy(String), joined(left), to(out)))
    expect(message).toContain('expected a keyBy() on each side of the join')
  })

  test('without work by key may be of any partitions; before such work they are brought together', () => {
    expect(inputsOf(job('j').from(narrow).pipe(merge(left), to(out)))).toEqual([['left', 'narrow']])
    expect(inputsOf(job('j').from(left).pipe(merge(right), count('c'), map(String), to(out)))).toEqual([
      ['left', 'right'],
    ])
    const built = job('j').from(narrow).pipe(merge(left), count('c'), map(String), to(out))
    expect(inputsOf(built)).toEqual([['left', 'narrow'], ['j-c-repartition']])
    expect(partitionsOf(built)).toEqual([4, 4])
  })
})

describe('a stage of its own', () => {
  test('is what follows through(topic), over that topic', () => {
    const built = job('j').from(left).pipe(through(right), to(out))
    expect(inputsOf(built)).toEqual([['left'], ['right']])
    expect(planJob(built).stages[1]!.inputs[0]!.upstream).toBe(0)
    expect(invalid(() => job('j').from(left).pipe(through(right), to(out)).from(right).pipe(to(out)))).toContain(
      "needs the topic 'right' for two things",
    )
  })

  test('is what an isolated operator gets, unless it is the first behind a topic', () => {
    const isolated = { ...custom<string, string>(() => undefined, { name: 'file' }), isolated: true, sink: true }
    expect(inputsOf(job('j').from(left).pipe(isolated))).toEqual([['left']])
    const built = job('j')
      .from(left)
      .pipe(
        map((word) => word),
        isolated,
      )
    expect(inputsOf(built)).toEqual([['left'], ['j-file-sink']])
    expect(partitionsOf(built)).toEqual([4, 4])
  })

  test('is what an operator must have that keeps the position back, such as a handler', () => {
    const handled = handle<string, string>(() => undefined)
    expect(inputsOf(job('j').from(left).pipe(handled))).toEqual([['left']])
    expect(invalid(() => job('j').from(left).pipe(handled).from(left).pipe(to(out)))).toContain(
      "keeps the position of 'left' back until its records are done, and others read it in the same task",
    )
    expect(invalid(() => job('j').from(left).pipe(merge(right), handled))).toContain('merge comes before it')
  })
})
