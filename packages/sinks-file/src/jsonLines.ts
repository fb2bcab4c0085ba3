import { InvalidOption, SinkFailed, type SinkRecord } from '@weir/core'
import type { LineFormat } from './fileSink.ts'

/**
 * A line of JSON for each record.
 *
 * @param valueOf - what the line is made of; the record's value by default
 * @throws InvalidOption
 * @example
 * jsonLines<string, number>(({ key, value }) => ({ key, value })).extension // => 'jsonl'
 */
export const jsonLines = <K, V>(
  valueOf: (record: SinkRecord<K, V>) => unknown = ({ value }) => value,
): LineFormat<K, V> => {
  if (typeof valueOf !== 'function') {
    throw new InvalidOption(`jsonLines: it is given ${typeof valueOf}; expected a function of a record`)
  }
  return {
    extension: 'jsonl',
    header: '',
    lines: (records) => {
      let text = ''
      for (const record of records) {
        const line = JSON.stringify(valueOf(record)) as string | undefined
        if (line === undefined) {
          throw new SinkFailed(
            `the value of offset ${record.offset} is nothing that JSON has; expected a value other than undefined`,
          )
        }
        text += line
        text += '\n'
      }
      return text
    },
  }
}
