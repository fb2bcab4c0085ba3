import { UnknownTopic, type Weir } from '@weir/core'
import { type Clicks, clicks, clicksOfPages, topOfSections, topPages } from './topPages.ts'

/** What a look into the job's state finds: one moment of it. */
export interface Look {
  /** By section. */
  readonly lists: ReadonlyMap<string, ReadonlyArray<Clicks>>
  /** Clicks that are counted, by the counts. */
  readonly counted: number
  /** Clicks that are counted, by the positions of the job. */
  readonly processed: number
  /** Clicks that were appended and are not counted yet. */
  readonly waiting: number
}

/** Looks at counts, lists and positions as of one moment, whoever is at work on them. */
export const look = (weir: Weir): Look => {
  const snapshot = weir.snapshot()
  try {
    let counted = 0
    for (const [, ofPage] of snapshot.store(topPages, clicksOfPages).entries()) counted += ofPage
    const positions = snapshot.positions(topPages)
    const between = positions.filter(({ topic }) => topic.includes(clicksOfPages.name))
    const fromOutside = positions.filter(({ topic }) => topic === clicks.name)
    const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
    return {
      lists: new Map(snapshot.store(topPages, topOfSections).entries()),
      counted,
      processed: sum(between.map(({ position }) => position)),
      waiting: sum([...fromOutside, ...between].map(({ position, end }) => end - position)),
    }
  } catch (error) {
    // the workers have not created the job's topics yet
    if (error instanceof UnknownTopic) return { lists: new Map(), counted: 0, processed: 0, waiting: Infinity }
    throw error
  } finally {
    snapshot.close()
  }
}
