import { InvalidOption } from '@weir/core'
import type { History, HistoryEvent } from './HistoryEvent.ts'

/**
 * The events in files of recorders. The last line of each may be incomplete, when its process was killed.
 *
 * @param files - their texts
 * @throws InvalidOption for any other line that is not an event
 * @example
 * parseHistory('{"kind":"commit","process":"a","at":1,"op":0,"records":[],"positions":[]}\n{"kind":"ackn').length // => 1
 */
export const parseHistory = (...files: ReadonlyArray<string>): History =>
  files.flatMap((text, file) => {
    const lines = text.split('\n')
    // what follows the last end of a line was cut off
    lines.pop()
    return lines.map((line, index) => parseLine(line, `line ${index + 1} of file ${file + 1}`))
  })

const kinds: ReadonlySet<unknown> = new Set(['commit', 'acknowledged', 'failed', 'read', 'position'])

const parseLine = (line: string, place: string): HistoryEvent => {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch (cause) {
    throw new InvalidOption(`parseHistory: ${place} is not JSON`, { cause })
  }
  if (typeof event === 'object' && event !== null && 'kind' in event && kinds.has(event.kind))
    return event as HistoryEvent
  throw new InvalidOption(`parseHistory: ${place} is no event; expected a kind of ${[...kinds].join(', ')}`)
}
