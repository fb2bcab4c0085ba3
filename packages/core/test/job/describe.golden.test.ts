import { aggregate, count, filter, fork, keyBy, map, to, tumbling } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { toMermaid } from '../../src/job/describe.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob } from '../../src/model/errors.ts'
import { custom } from '../support/operators.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 4 })
const counts = topic('counts', { key: utf8, value: int32 })
const late = topic('late-words', { key: utf8, value: utf8 })

const wordCount = job('word-count')
  .from(words)
  .pipe(
    filter((word) => word !== ''),
    keyBy((word) => word, { partitions: 2 }),
    aggregate('by-second', { window: tumbling(1_000), initial: () => 0, add: (n) => n + 1, late }),
    to(counts),
  )

describe('a description', () => {
  test('is plain data: stages, operators, stores, topics', () => {
    expect(wordCount.describe()).toEqual({
      name: 'word-count',
      guarantee: 'exactly-once',
      stages: [
        {
          inputs: [{ topic: 'words', partitions: 4, key: 'utf8', value: 'utf8' }],
          tasks: 4,
          operators: [
            { kind: 'filter', name: 'filter', stores: [], outputs: [], from: [0] },
            { kind: 'keyBy', name: 'keyBy', stores: [], outputs: [], from: [1] },
          ],
          repartitions: [
            { topic: 'word-count-by-second-repartition', partitions: 2, key: 'utf8', value: 'utf8', from: 2 },
          ],
        },
        {
          inputs: [{ topic: 'word-count-by-second-repartition', partitions: 2, key: 'utf8', value: 'utf8' }],
          tasks: 2,
          operators: [
            { kind: 'aggregate', name: 'by-second', stores: ['by-second'], outputs: ['late-words'], from: [0] },
            { kind: 'to', name: 'counts', stores: [], outputs: ['counts'], from: [1] },
          ],
          repartitions: [],
        },
      ],
    })
    expect(JSON.parse(JSON.stringify(wordCount.describe()))).toEqual(wordCount.describe())
  })

  test('is refused for a job that cannot run', () => {
    expect(() => job('j').describe()).toThrow(InvalidJob)
    expect(() => toMermaid(job('j').from(words))).toThrow(InvalidJob)
  })
})

describe('a drawing', () => {
  test('is a Mermaid flowchart with a box around each stage', () => {
    expect(toMermaid(wordCount)).toBe(`flowchart LR
  topic_0[("words")]
  subgraph stage_0 ["stage 0: 4 tasks"]
    s0_0["filter"]
    s0_1["keyBy"]
  end
  topic_1[("word-count-by-second-repartition")]
  topic_0 --> s0_0
  s0_0 --> s0_1
  s0_1 --> topic_1
  subgraph stage_1 ["stage 1: 2 tasks"]
    s1_0["aggregate by-second"]
    s1_0_store_0[/"by-second"/]
    s1_1["to counts"]
  end
  topic_2[("late-words")]
  topic_3[("counts")]
  topic_1 --> s1_0
  s1_0 <-.-> s1_0_store_0
  s1_0 --> s1_1
  s1_0 --> topic_2
  s1_1 --> topic_3`)
  })

  test('tells names apart that differ in their signs only', () => {
    const drawn = toMermaid(
      job('j')
        .from(topic('a-b', { key: utf8, value: utf8 }))
        .pipe(
          fork<string, string>(
            (line) => line.pipe(count('x-y'), to(topic('a_b', { key: utf8, value: int32 }))),
            (line) => line.pipe(count('x_y'), to(topic('a.b', { key: utf8, value: int32 }))),
          ),
        ),
    )
    const nodes = [...drawn.matchAll(/^ *(\w+)[[(]/gm)].map(([, id]) => id)
    expect(nodes).toHaveLength(10)
    expect(new Set(nodes).size).toBe(10)
    for (const name of ['a-b', 'a_b', 'a.b', 'x-y', 'x_y']) expect(drawn).toContain(`"${name}"`)
  })

  test('escapes what would end a label', () => {
    const odd = custom<string, string>(() => undefined, { name: 'say "hi" #1' })
    const drawn = toMermaid(
      job('j')
        .from(words)
        .pipe(
          odd,
          map((word) => word),
          to(late),
        ),
    )
    expect(drawn).toContain('["custom say #quot;hi#quot; #35;1"]')
  })
})
