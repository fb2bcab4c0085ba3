import type { Headers } from '@weir/core'

/** The header of a stamp: the sequence, `:`, and the source. */
export const stampHeader = 'weir.stamp'

/** Which record this is of those that a source has sent to a partition. */
export interface Stamp {
  readonly source: string
  /** From 0 on, without gaps. */
  readonly sequence: number
}

/** A stamp as a header's value. */
export const stampText = ({ source, sequence }: Stamp): string => `${sequence}:${source}`

/** The stamp of a record; `undefined` when it has none, or none that can be read. */
export const stampOf = (headers: Headers | null): Stamp | undefined => {
  const text = headers?.[stampHeader]
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  const sequence = Number(text.slice(0, colon))
  if (colon < 1 || !Number.isSafeInteger(sequence) || sequence < 0) return undefined
  return { source: text.slice(colon + 1), sequence }
}
