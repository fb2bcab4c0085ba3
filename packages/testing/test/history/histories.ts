import type { History, HistoryEvent } from '../../src/history/HistoryEvent.ts'
import { type HistoryRecorder, historyRecorder, type RecordedCommit } from '../../src/history/historyRecorder.ts'
import { parseHistory } from '../../src/history/parseHistory.ts'

/** A history that is told step by step; each event is one microsecond after the one before it. */
export interface Told {
  /** Partition 0 unless said otherwise: `x@1` is record `x` of partition 1. */
  readonly commit: (
    process: string,
    ids: ReadonlyArray<string>,
    move?: readonly [from: number, next: number],
  ) => RecordedCommit
  /** Reads partition 0 from `position` to its end: the ids that are there. */
  readonly read: (process: string, ids: ReadonlyArray<string>, position?: number, partition?: number) => void
  /** Reads the position of the group `job` in partition 0. */
  readonly position: (process: string, next: number) => void
}

/** The events of a told history. */
export const told = (tell: (history: Told) => void): History => {
  let text = ''
  let at = 0
  const recorders = new Map<string, HistoryRecorder>()
  const of = (process: string): HistoryRecorder => {
    const recorder = recorders.get(process) ?? historyRecorder(process, (line) => (text += line), { now: () => at++ })
    recorders.set(process, recorder)
    return recorder
  }
  tell({
    commit: (process, ids, move) =>
      of(process).commit(
        ids.map((name) => {
          const [id = '', partition = '0'] = name.split('@')
          return { partition: Number(partition), id }
        }),
        move === undefined ? [] : [{ group: 'job', partition: 0, from: move[0], next: move[1] }],
      ),
    read: (process, ids, position = 0, partition = 0) =>
      of(process).read(
        partition,
        position,
      )({
        next: position + ids.length,
        isAtEnd: true,
        records: ids.map((id, index) => ({ offset: position + index, id })),
      }),
    position: (process, next) => of(process).position('job', 0)(next),
  })
  return parseHistory(text)
}

/** A history with an event changed. */
export const changed = (history: History, place: number, change: Partial<HistoryEvent>): History =>
  history.map((event, index) => (index === place ? ({ ...event, ...change } as HistoryEvent) : event))
