import { int, job, json, seconds, stream, topic } from '@weir/core'
import { aggregate, flatMap, keyBy, map, merge, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { auctions, byDateTime, graceMs, persons } from '../model.ts'
import type { Query } from '../Query.ts'

const sizeMs = seconds(10)

/** What a person has done in a window: `name` when they have entered. */
const Activity = t.type({ name: t.union([t.string, t.null]), auctions: t.number })
type Activity = t.TypeOf<typeof Activity>

const NewUser = t.type({ id: t.number, name: t.string, start: t.number })
type NewUser = t.TypeOf<typeof NewUser>

const output = topic('q8', { key: int, value: json(NewUser), partitions: persons.partitions })

const both = (sum: Activity, { name, auctions: opened }: Activity): Activity => ({
  name: name ?? sum.name,
  auctions: sum.auctions + opened,
})

const opened = stream(auctions, byDateTime).pipe(
  keyBy(({ seller }) => seller, { key: int }),
  map((): Activity => ({ name: null, auctions: 1 }), { codec: json(Activity) }),
)

/** Who has entered and opened auctions in the same 10 seconds. */
export const q8: Query = {
  name: 'q8',
  title: 'new users, joined by window',
  job: job('nexmark-q8')
    .from(persons, byDateTime)
    .pipe(
      map(({ name }): Activity => ({ name, auctions: 0 }), { codec: json(Activity) }),
      merge(opened),
      aggregate('activity', {
        window: tumbling(sizeMs, { graceMs }),
        initial: (): Activity => ({ name: null, auctions: 0 }),
        add: both,
        codec: json(Activity),
      }),
      flatMap(({ name, auctions: count }, { key, window }): ReadonlyArray<NewUser> =>
        name === null || count === 0 ? [] : [{ id: key, name, start: window!.start }],
      ),
      to(output),
    ),
  reads: ['person', 'auction'],
  output,
  result: 'all',
  sql: `
    with entered as (
      select id, name, dateTime - dateTime % ${sizeMs} as start from person where start + ${sizeMs + graceMs} > watermark
    ), opened as (
      select distinct seller, dateTime - dateTime % ${sizeMs} as start from auction
      where start + ${sizeMs + graceMs} > watermark
    )
    select id, name, entered.start from entered join opened on id = seller and entered.start = opened.start`,
  inMemory: (events) => {
    const windowOf = (dateTime: number): number => dateTime - (dateTime % sizeMs)
    const entered = new Map<number, NewUser>()
    const users = new Set<NewUser>()
    for (const event of events) {
      if (event.kind === 'person') {
        const { id, name, dateTime } = event.value
        entered.set(id, { id, name, start: windowOf(dateTime) })
      } else if (event.kind === 'auction') {
        const user = entered.get(event.value.seller)
        if (user?.start === windowOf(event.value.dateTime)) users.add(user)
      }
    }
    return [...users]
  },
}
