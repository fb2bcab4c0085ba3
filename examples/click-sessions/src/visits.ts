import { type Job, job, json, minutes, msgpack, type Topic, topic, utf8 } from '@weir/core'
import { aggregate, assignTimestamps, map, session, to } from '@weir/operators'
import * as t from 'io-ts'

export const Click = t.type({ at: t.number, page: t.string }, 'Click')
export type Click = t.TypeOf<typeof Click>

export const Visit = t.type(
  { visitor: t.string, begin: t.number, end: t.number, clicks: t.number, entry: t.string, exit: t.string },
  'Visit',
)
export type Visit = t.TypeOf<typeof Visit>

export const partitions = 4
/** Who does nothing for so long has left. */
export const gapMs = minutes(30)
/** Clicks come out of order by up to a minute, and a session waits two more for those of visitors without a network. */
export const outOfOrdernessMs = minutes(1)
export const graceMs = minutes(2)

/** Clicks by visitor, as they come in. */
export const clicks: Topic<string, Click> = topic('clicks', { key: utf8, value: json(Click), partitions })
/** Visits by visitor, each once it is over. */
export const visits: Topic<string, Visit> = topic('visits', { key: utf8, value: json(Visit), partitions })
/** Clicks that came when their visit was over. */
export const lateClicks: Topic<string, Click> = topic('late-clicks', { key: utf8, value: json(Click), partitions })

/** What of a visit is kept while it goes on. Clicks may come out of order, so first and last are by their time. */
interface Pages {
  readonly clicks: number
  readonly first: Click
  readonly last: Click
}

const joined = (a: Pages, b: Pages): Pages => ({
  clicks: a.clicks + b.clicks,
  first: b.first.at < a.first.at ? b.first : a.first,
  last: b.last.at > a.last.at ? b.last : a.last,
})

/** Gathers the clicks of each visitor into visits. */
export const visiting: Job = job('visiting')
  .from(
    clicks,
    assignTimestamps((click) => click.at, { outOfOrdernessMs }),
  )
  .pipe(
    aggregate<string, Click, Pages | undefined>('open-visits', {
      window: session(gapMs, { graceMs }),
      initial: () => undefined,
      add: (pages, click) => {
        const one = { clicks: 1, first: click, last: click }
        return pages === undefined ? one : joined(pages, one)
      },
      // a click in between makes one visit of two
      merge: (_, earlier, later) => joined(earlier!, later!),
      codec: msgpack<Pages | undefined>(),
      late: lateClicks,
    }),
    map((pages, { key, window }): Visit => {
      const { clicks: count, first, last } = pages!
      return { visitor: key, begin: window.start, end: window.end, clicks: count, entry: first.page, exit: last.page }
    }),
    to(visits),
  )
