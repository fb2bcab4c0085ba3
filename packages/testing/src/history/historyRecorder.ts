import type { HistoryEvent, MoveInHistory, ReadRecord, RecordInHistory } from './HistoryEvent.ts'

/** How a recorder is told of time. */
export interface RecorderOptions {
  /** In microseconds, never back, the same for all processes of the history; by default that of the machine since its start. */
  readonly now?: () => number
}

/** A commit that was called, until its outcome is known. */
export interface RecordedCommit {
  /** It is acknowledged. */
  acknowledged(offsets: ReadonlyArray<number>): void
  /** It failed. */
  failed(applied: 'no' | 'unknown', error: string): void
}

/** What a read has found. */
export interface FoundRecords {
  readonly next: number
  readonly isAtEnd: boolean
  readonly records: ReadonlyArray<ReadRecord>
}

/** Writes down what one process does and sees. Each method is called when the thing begins. */
export interface HistoryRecorder {
  commit(records: ReadonlyArray<RecordInHistory>, positions?: ReadonlyArray<MoveInHistory>): RecordedCommit
  /** The time, as it is written down. */
  now(): number
  /**
   * @param at - as of when it must show everything; now by default
   * @returns to be called when the read is over
   */
  read(partition: number, position: number, at?: number): (found: FoundRecords) => void
  /** As `read`. */
  position(group: string, partition: number, at?: number): (next: number) => void
}

/**
 * A recorder for one process. Each event is one line, written before the method returns: what is called is on record before it
 * is done, and what is on record as acknowledged was so.
 *
 * @param process - a name that no other process of the history has, nor has had
 * @param write - appends a line; with `writeSync` to a file it outlives a `kill -9`
 * @example
 * let text = ''
 * const recorder = historyRecorder('writer-1', (line) => (text += line), { now: () => 7 })
 * recorder.commit([{ partition: 0, id: 'a' }]).acknowledged([0])
 * recorder.read(0, 0)({ next: 0, isAtEnd: true, records: [] })
 * judgeHistory(parseHistory(text)).anomalies[0]?.kind // => 'lost'
 */
export const historyRecorder = (
  process: string,
  write: (line: string) => void,
  options: RecorderOptions = {},
): HistoryRecorder => {
  const now = options.now ?? machineMicros
  const say = (event: HistoryEvent): void => write(`${JSON.stringify(event)}\n`)
  let ops = 0
  return {
    commit: (records, positions = []) => {
      const op = ops++
      say({ kind: 'commit', process, at: now(), op, records, positions })
      return {
        acknowledged: (offsets) => say({ kind: 'acknowledged', process, at: now(), op, offsets }),
        failed: (applied, error) => say({ kind: 'failed', process, at: now(), op, applied, error }),
      }
    },
    now,
    read:
      (partition, position, at = now()) =>
      ({ next, isAtEnd, records }) =>
        say({ kind: 'read', process, at, until: now(), partition, position, next, isAtEnd, records }),
    position:
      (group, partition, at = now()) =>
      (next) =>
        say({ kind: 'position', process, at, until: now(), group, partition, next }),
  }
}

const machineMicros = (): number => Number(process.hrtime.bigint() / 1_000n)
