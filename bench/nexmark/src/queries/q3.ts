import { int, job, json, stream, type StreamRecord, topic } from '@weir/core'
import { filter, keyBy, listState, map, merge, process, to, valueState } from '@weir/operators'
import * as t from 'io-ts'
import { auctions, byDateTime, type Person, persons } from '../model.ts'
import type { Query } from '../Query.ts'

const states = ['OR', 'ID', 'CA']
const category = 10

const Seller = t.type({ name: t.string, city: t.string, state: t.string })
type Seller = t.TypeOf<typeof Seller>
const Offer = t.type({ id: t.number })
/** A person, or what they sell. */
const Part = t.union([Seller, Offer])
type Part = t.TypeOf<typeof Part>

const Suggestion = t.type({ name: t.string, city: t.string, state: t.string, id: t.number })
type Suggestion = t.TypeOf<typeof Suggestion>

const output = topic('q3', { key: int, value: json(Suggestion), partitions: persons.partitions })

const sellerOf = ({ name, city, state }: Person): Seller => ({ name, city, state })
const isNear = ({ state }: Person): boolean => states.includes(state)

const offers = stream(auctions, byDateTime).pipe(
  filter((auction) => auction.category === category),
  keyBy(({ seller }) => seller, { key: int }),
  map(({ id }): Part => ({ id }), { codec: json(Part) }),
)

/** Each person with each auction of theirs, whichever comes first. */
const matched = process('match', {
  state: { seller: valueState(json(Seller)), waiting: listState(int) },
  emits: json(Suggestion),
  onRecord: ({ value }: StreamRecord<number, Part>, { state, emit }) => {
    if ('id' in value) {
      const seller = state.seller.get()
      if (seller === undefined) state.waiting.add(value.id)
      else emit({ ...seller, id: value.id })
    } else {
      state.seller.put(value)
      for (const id of state.waiting.values()) emit({ ...value, id })
      state.waiting.clear()
    }
  },
})

/** Who sells nearby in a category, and what. */
export const q3: Query = {
  name: 'q3',
  title: 'local item suggestion, joined for ever',
  job: job('nexmark-q3')
    .from(persons, byDateTime)
    .pipe(
      filter(isNear),
      map((person): Part => sellerOf(person), { codec: json(Part) }),
      merge(offers),
      matched,
      to(output),
    ),
  reads: ['person', 'auction'],
  output,
  result: 'all',
  sql: `
    select name, city, state, auction.id from auction join person on seller = person.id
    where category = ${category} and state in (${states.map((state) => `'${state}'`).join(', ')})`,
  inMemory: (events) => {
    const sellers = new Map<number, Seller>()
    const suggestions: Suggestion[] = []
    for (const event of events) {
      if (event.kind === 'person' && isNear(event.value)) sellers.set(event.value.id, sellerOf(event.value))
      if (event.kind !== 'auction' || event.value.category !== category) continue
      const seller = sellers.get(event.value.seller)
      if (seller !== undefined) suggestions.push({ ...seller, id: event.value.id })
    }
    return suggestions
  },
}
