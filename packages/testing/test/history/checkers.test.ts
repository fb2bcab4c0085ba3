import { describe, expect, test } from 'vitest'
import type { AnomalyKind } from '../../src/history/Anomaly.ts'
import { findDuplicated } from '../../src/history/findDuplicated.ts'
import { findLost } from '../../src/history/findLost.ts'
import { findPhantoms } from '../../src/history/findPhantoms.ts'
import { findReordered } from '../../src/history/findReordered.ts'
import { findStale } from '../../src/history/findStale.ts'
import { findTorn } from '../../src/history/findTorn.ts'
import { judgeHistory } from '../../src/history/judgeHistory.ts'
import { changed, told, type Told } from './histories.ts'

const right: Readonly<Record<string, (history: Told) => void>> = {
  'one process, all acknowledged and read': ({ commit, read }) => {
    commit('a', ['x']).acknowledged([0])
    commit('a', ['y', 'z']).acknowledged([1, 2])
    read('a', ['x', 'y', 'z'])
  },
  'a commit without an outcome that is there as a whole': ({ commit, read }) => {
    commit('a', ['x', 'y@1'])
    read('b', ['x'])
    read('b', ['y'], 0, 1)
  },
  'a commit without an outcome that is not there': ({ commit, read }) => {
    commit('a', ['x', 'y@1'])
    read('b', [])
    read('b', [], 0, 1)
  },
  'a read that began before the acknowledgement may show it or not': ({ commit, read }) => {
    const called = commit('a', ['x'])
    read('b', ['x'])
    called.acknowledged([0])
    read('b', ['x'])
  },
  'two processes at once, in any order': ({ commit, read }) => {
    const [first, second] = [commit('a', ['x']), commit('b', ['y'])]
    second.acknowledged([0])
    first.acknowledged([1])
    read('c', ['y', 'x'])
  },
  'a record that was sent again and is there once': ({ commit, read }) => {
    commit('a', ['x']).failed('unknown', 'the disk')
    commit('a', ['x']).acknowledged([0])
    read('a', ['x'])
  },
  'records that retention removed': ({ commit, read }) => {
    commit('a', ['x']).acknowledged([0])
    read('b', ['x'])
    commit('a', ['y']).acknowledged([1])
    read('b', ['y'], 1)
  },
  'a batch that was done again after a crash, with its position': ({ commit, read, position }) => {
    commit('a', ['x'], [0, 5])
    commit('b', ['x'], [0, 5]).acknowledged([0])
    read('c', ['x'])
    position('c', 5)
  },
}

interface Wrong {
  readonly kind: AnomalyKind
  readonly message: string
  readonly tell: (history: Told) => void
}

const wrong: Readonly<Record<string, Wrong>> = {
  'an acknowledged record is gone': {
    kind: 'lost',
    message: "'y' of a was acknowledged at offset 1 of partition 0; b read nothing there in the end",
    tell: ({ commit, read }) => {
      commit('a', ['x', 'y']).acknowledged([0, 1])
      read('b', ['x', 'y'])
      read('b', ['x'])
    },
  },
  'another record is where an acknowledged one was': {
    kind: 'lost',
    message: "b read 'y' there in the end",
    tell: ({ commit, read }) => {
      const first = commit('a', ['x'])
      commit('b', ['y'])
      first.acknowledged([0])
      read('b', ['y'])
    },
  },
  'a record is there twice': {
    kind: 'duplicated',
    message: "'x' was read at offset 0 of partition 0 and at offset 1 of partition 0",
    tell: ({ commit, read }) => {
      commit('a', ['x']).failed('unknown', 'the disk')
      commit('a', ['x']).acknowledged([1])
      read('b', ['x', 'x'])
    },
  },
  'records of one process are not in the order of its calls': {
    kind: 'reordered',
    message: "'y' of a is at offset 0 of partition 0, before 'x' at 1",
    tell: ({ commit, read }) => {
      const [first, second] = [commit('a', ['x']), commit('a', ['y'])]
      second.acknowledged([0])
      first.acknowledged([1])
      read('b', ['y', 'x'])
    },
  },
  'a record stands before one that was acknowledged before it was sent': {
    kind: 'reordered',
    message: "'y' of b is at offset 0 of partition 0, before 'x' at 1",
    tell: ({ commit, read }) => {
      commit('a', ['x']).acknowledged([1])
      commit('b', ['y']).acknowledged([0])
      read('b', ['y', 'x'])
    },
  },
  'half of a commit is there': {
    kind: 'torn',
    message: "commit 0 of a: 'x' is there, 'y' is not",
    tell: ({ commit, read }) => {
      commit('a', ['x', 'y@1'])
      read('b', ['x'])
      read('b', [], 0, 1)
    },
  },
  'a position moved without its output': {
    kind: 'torn',
    message:
      "the position of group 'job' in partition 0 is 5 in the end, and 'x' of the commit from 0 to 5 is not there",
    tell: ({ commit, read, position }) => {
      commit('a', ['x'], [0, 5])
      read('b', [])
      position('b', 5)
    },
  },
  'an output is there and its position did not move': {
    kind: 'torn',
    message: "is 0 in the end, and 'x' of the commit from 0 to 5 is there",
    tell: ({ commit, read, position }) => {
      commit('a', ['x'], [0, 5])
      read('b', ['x'])
      position('b', 0)
    },
  },
  'a read does not show what was acknowledged before it began': {
    kind: 'stale',
    message: "b did not read 'x' at offset 0 of partition 0",
    tell: ({ commit, read }) => {
      commit('a', ['x']).acknowledged([0])
      read('b', [])
      read('b', ['x'])
    },
  },
  'a read does not show what another one has shown': {
    kind: 'stale',
    message: "c did not read 'x' at offset 0 of partition 0",
    tell: ({ commit, read }) => {
      commit('a', ['x'])
      read('b', ['x'])
      read('c', [])
      read('b', ['x'])
    },
  },
  'a position goes back': {
    kind: 'stale',
    message: "c read the position 0 of group 'job' in partition 0; 5 was known before",
    tell: ({ commit, position }) => {
      commit('a', [], [0, 5]).acknowledged([])
      position('c', 0)
    },
  },
  'a record is there that nobody has sent': {
    kind: 'phantom',
    message: "b read 'x' at offset 0 of partition 0, which nobody committed there",
    tell: ({ read }) => read('b', ['x']),
  },
  'a refused record is there': {
    kind: 'phantom',
    message: "b read 'x' at offset 0 of partition 0, whose commit was refused",
    tell: ({ commit, read }) => {
      commit('a', ['x']).failed('no', 'fenced')
      read('b', ['x'])
    },
  },
  'a record is read before it is sent': {
    kind: 'phantom',
    message: 'before it was committed',
    tell: ({ commit, read }) => {
      read('b', ['x'])
      commit('a', ['x'])
    },
  },
  'a position is there that nobody has committed': {
    kind: 'phantom',
    message: "b read the position 3 of group 'job' in partition 0, which nobody committed there",
    tell: ({ position }) => position('b', 3),
  },
}

describe('a right history has no anomaly', () => {
  test.each(Object.entries(right))('%s', (_, tell) => {
    expect(judgeHistory(told(tell)).anomalies).toEqual([])
  })
})

describe('a wrong history has exactly its anomaly', () => {
  test.each(Object.entries(wrong))('%s', (_, { kind, message, tell }) => {
    const { anomalies } = judgeHistory(told(tell))
    expect(anomalies).toEqual([{ kind, message: expect.stringContaining(message) as string }])
  })
})

test('each checker finds its own anomalies alone', () => {
  const checkers = {
    lost: findLost,
    duplicated: findDuplicated,
    reordered: findReordered,
    torn: findTorn,
    stale: findStale,
    phantom: findPhantoms,
  }
  for (const { kind, tell } of Object.values(wrong)) {
    for (const [name, find] of Object.entries(checkers)) expect(find(told(tell)).length).toBe(name === kind ? 1 : 0)
  }
})

test('damaged content and reads that are not in order are found', () => {
  const history = told(({ commit, read }) => {
    commit('a', ['x', 'y']).acknowledged([0, 1])
    read('b', ['x', 'y'])
  })
  const x = { offset: 0, id: 'x' }
  const y = { offset: 1, id: 'y' }
  const damaged = changed(history, 2, { records: [{ ...x, damage: 'the checksum' }, y] })
  expect(judgeHistory(damaged).anomalies.map(({ kind }) => kind)).toEqual(['torn'])
  expect(findReordered(changed(history, 2, { records: [y, x] })).length).toBe(1)
})

test('a verdict counts what was judged, and what no read covers', () => {
  const verdict = judgeHistory(
    told(({ commit, read }) => {
      commit('a', ['x', 'y']).acknowledged([0, 1])
      read('b', ['x', 'y'])
      commit('a', ['z']).acknowledged([2])
      commit('a', ['w']).failed('unknown', 'the disk')
    }),
  )
  expect(verdict).toMatchObject({ commits: 3, records: 3, reads: 1, unread: 1, anomalies: [] })
})
