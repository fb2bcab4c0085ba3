import fc from 'fast-check'

/** What a reader gets of one source in one partition: sequence numbers in the order of their coming. */
export interface Arrival {
  readonly source: string
  readonly partition: number
  readonly sequence: number
}

/** What happens to the records of one source in one partition on their way. */
interface Mischief {
  readonly count: number
  readonly lost: ReadonlyArray<number>
  /** Which are there again, and how many records later. */
  readonly repeated: ReadonlyArray<readonly [sequence: number, later: number]>
  readonly delayed: ReadonlyArray<readonly [sequence: number, later: number]>
}

const mischief = (countMax: number, laterMax: number): fc.Arbitrary<Mischief> =>
  fc.integer({ min: 1, max: countMax }).chain((count) => {
    const one = fc.nat({ max: count - 1 })
    const moved = fc.array(fc.tuple(one, fc.integer({ min: 1, max: laterMax })), { maxLength: 5 })
    return fc.record({
      count: fc.constant(count),
      lost: fc.array(one, { maxLength: 6 }),
      repeated: moved,
      delayed: moved,
    })
  })

const arrivalsOf = ({ count, lost, repeated, delayed }: Mischief): ReadonlyArray<number> => {
  const delay = new Map(delayed)
  const places = Array.from({ length: count }, (_, sequence) => ({
    sequence,
    at: sequence + (delay.get(sequence) ?? 0) + (delay.has(sequence) ? 0.5 : 0),
  }))
  const kept = places.filter(({ sequence }) => !lost.includes(sequence))
  const again = repeated
    .filter(([sequence]) => !lost.includes(sequence))
    .map(([sequence, later]) => ({ sequence, at: sequence + (delay.get(sequence) ?? 0) + later + 0.25 }))
  return [...kept, ...again].toSorted((a, b) => a.at - b.at).map(({ sequence }) => sequence)
}

/** Streams of several sources over several partitions, with losses, repeats and reorders, mixed with each other. */
export const faultyStreams = (
  laterMax: number,
  sources: ReadonlyArray<string>,
  partitions: number,
): fc.Arbitrary<{ readonly arrivals: ReadonlyArray<Arrival>; readonly counts: ReadonlyMap<string, number> }> =>
  fc
    .tuple(
      fc.array(mischief(40, laterMax), {
        minLength: sources.length * partitions,
        maxLength: sources.length * partitions,
      }),
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
    )
    .map(([streams, order]) => {
      const rest = streams.map((stream, index) => ({
        source: sources[index % sources.length]!,
        partition: Math.floor(index / sources.length),
        numbers: [...arrivalsOf(stream)],
      }))
      const counts = new Map(
        rest.map(({ source, partition }, index) => [`${source}/${partition}`, streams[index]!.count]),
      )
      const arrivals: Arrival[] = []
      for (let turn = 0; rest.some(({ numbers }) => numbers.length > 0); turn++) {
        const open = rest.filter(({ numbers }) => numbers.length > 0)
        const { source, partition, numbers } = open[order[turn % order.length]! % open.length]!
        arrivals.push({ source, partition, sequence: numbers.shift()! })
      }
      return { arrivals, counts }
    })

/** What is wrong with arrivals, found out with all of them in memory, as text in order. */
export const faultsIn = (
  arrivals: ReadonlyArray<Arrival>,
  counts: ReadonlyMap<string, number>,
): ReadonlyArray<string> => {
  const faults: string[] = []
  const seen = new Map([...counts.keys()].map((stream) => [stream, new Set<number>()]))
  for (const { source, partition, sequence } of arrivals) {
    const numbers = seen.get(`${source}/${partition}`)!
    if (numbers.has(sequence)) faults.push(`repeated ${source}/${partition} ${sequence}`)
    else if (Math.max(-1, ...numbers) > sequence) faults.push(`reordered ${source}/${partition} ${sequence}`)
    numbers.add(sequence)
  }
  for (const [stream, count] of counts) {
    for (let sequence = 0; sequence < count; sequence++) {
      if (!seen.get(stream)!.has(sequence)) faults.push(`missing ${stream} ${sequence}`)
    }
  }
  return faults.toSorted()
}
