import type { StreamFault } from '../../src/index.ts'

/** Faults one by one as text, in order. */
export const faultTexts = (faults: ReadonlyArray<StreamFault>): ReadonlyArray<string> =>
  faults
    .flatMap((fault) => {
      const { kind, source, partition } = fault
      const [first, last] = fault.kind === 'missing' ? [fault.first, fault.last] : [fault.sequence, fault.sequence]
      return Array.from({ length: last - first + 1 }, (_, index) => `${kind} ${source}/${partition} ${first + index}`)
    })
    .toSorted()
