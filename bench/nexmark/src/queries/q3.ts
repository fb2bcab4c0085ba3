import { int, job, json, stream, topic } from '@weir/core'
import { filter, flatMap, joinForeignKey, to } from '@weir/operators'
import * as t from 'io-ts'
import { type Auction, auctions, byDateTime, Person, persons } from '../model.ts'
import type { Query } from '../Query.ts'

const states = ['OR', 'ID', 'CA']
const category = 10

const Suggestion = t.type({ name: t.string, city: t.string, state: t.string, id: t.number })
type Suggestion = t.TypeOf<typeof Suggestion>

const output = topic('q3', { key: int, value: json(Suggestion), partitions: auctions.partitions })

const isNear = ({ state }: Person): boolean => states.includes(state)
const isOfCategory = (auction: Auction): boolean => auction.category === category
const suggest = ({ id }: Auction, { name, city, state }: Person): Suggestion => ({ name, city, state, id })

const near = stream(persons, byDateTime).pipe(filter(isNear))

/** Who sells nearby in a category, and what: a table by auction, whichever of the two comes first. */
export const q3: Query = {
  name: 'q3',
  title: 'local item suggestion, joined by foreign key',
  job: job('nexmark-q3')
    .from(auctions, byDateTime)
    .pipe(
      filter(isOfCategory),
      joinForeignKey('seller', near, ({ seller }) => seller, suggest, { codecs: { right: json(Person) } }),
      // a row that was there and is no more would be null; none goes
      flatMap((suggestion) => (suggestion === null ? [] : [suggestion])),
      to(output),
    ),
  reads: ['person', 'auction'],
  output,
  result: 'last',
  sql: `
    select name, city, state, auction.id from auction join person on seller = person.id
    where category = ${category} and state in (${states.map((state) => `'${state}'`).join(', ')})`,
  inMemory: (events) => {
    const sellers = new Map<number, Person>()
    const suggestions: Suggestion[] = []
    for (const event of events) {
      if (event.kind === 'person' && isNear(event.value)) sellers.set(event.value.id, event.value)
      if (event.kind !== 'auction' || !isOfCategory(event.value)) continue
      const seller = sellers.get(event.value.seller)
      if (seller !== undefined) suggestions.push(suggest(event.value, seller))
    }
    return suggestions
  },
}
