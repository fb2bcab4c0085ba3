import { int, job, json, minutes, seconds, stream, topic } from '@weir/core'
import { dedup, filter, join, keyBy, map, to } from '@weir/operators'
import * as t from 'io-ts'
import { Auction, auctions, byDateTime, graceMs, Person, persons } from '../model.ts'
import type { Query } from '../Query.ts'

const sizeMs = seconds(10)

const NewUser = t.type({ id: t.number, name: t.string, start: t.number })
type NewUser = t.TypeOf<typeof NewUser>
const Times = t.type({ entered: t.number, opened: t.number, name: t.string })
type Times = t.TypeOf<typeof Times>

const output = topic('q8', { key: int, value: json(NewUser), partitions: persons.partitions })

const windowOf = (dateTime: number): number => dateTime - (dateTime % sizeMs)

const opened = stream(auctions, byDateTime).pipe(keyBy(({ seller }) => seller, { key: int }))

/** Who has entered and opened auctions in the same 10 seconds. */
export const q8: Query = {
  name: 'q8',
  title: 'new users, joined in a window',
  job: job('nexmark-q8')
    .from(persons, byDateTime)
    .pipe(
      join(
        'opened',
        opened,
        ({ name, dateTime }, auction): Times => ({ entered: dateTime, opened: auction.dateTime, name }),
        { within: sizeMs, graceMs, codecs: { left: json(Person), right: json(Auction) } },
      ),
      filter((times) => windowOf(times.entered) === windowOf(times.opened)),
      // a person enters once, so that it is enough to remember that for as long as auctions can be joined with it
      dedup('once', { withinMs: minutes(1) }),
      map(({ name, entered }, { key }): NewUser => ({ id: key, name, start: windowOf(entered) })),
      to(output),
    ),
  reads: ['person', 'auction'],
  output,
  result: 'all',
  sql: `
    select distinct p.id, p.name, p.dateTime - p.dateTime % ${sizeMs} as start
    from person p join auction a on a.seller = p.id and a.dateTime // ${sizeMs} = p.dateTime // ${sizeMs}
    where p.watermark <= a.dateTime + ${sizeMs + graceMs} and a.watermark <= p.dateTime + ${sizeMs + graceMs}`,
  inMemory: (events) => {
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
