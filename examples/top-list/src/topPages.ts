import { type Job, job, msgpack, type StoreReference, type Topic, topic, utf8 } from '@weir/core'
import { count, keyBy, map, to, topN } from '@weir/operators'

/** A click: who, and on which page of which section. */
export interface Click {
  readonly section: string
  readonly page: string
}

/** How often a page was clicked. */
export interface Clicks extends Click {
  readonly clicks: number
}

/** How many pages a section's list has. */
export const listLength = 3

export const clicks: Topic<string, Click> = topic('clicks', { key: utf8, value: msgpack<Click>(), partitions: 4 })

/** The list of each section, as it changes. */
export const topLists: Topic<string, ReadonlyArray<Clicks>> = topic('top-lists', {
  key: utf8,
  value: msgpack<ReadonlyArray<Clicks>>(),
  cleanup: 'compact',
})

/** The clicks of each page, as section and page. */
export const clicksOfPages: StoreReference<string, number> = {
  name: 'clicks-of-pages',
  key: utf8,
  value: msgpack<number>(),
}

/** The list of each section: those with the most clicks first. */
export const topOfSections: StoreReference<string, ReadonlyArray<Clicks>> = {
  name: 'top-of-sections',
  key: utf8,
  value: msgpack<ReadonlyArray<Clicks>>(),
}

const separator = '/'

/** Counts the clicks of each page, and ranks the pages of each section. */
export const topPages: Job = job('top-pages')
  .from(clicks)
  .pipe(
    keyBy(({ section, page }) => section + separator + page),
    count(clicksOfPages.name),
    map((counted, { key }): Clicks => {
      const [section, page] = key.split(separator) as [string, string]
      return { section, page, clicks: counted }
    }),
    keyBy(({ section }) => section),
    topN(topOfSections.name, listLength, { by: (page) => page.clicks, idOf: ({ page }) => page }),
    to(topLists),
  )
