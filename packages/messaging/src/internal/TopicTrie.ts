import { wordsOf } from '../topicPattern.ts'

/** A place in the trie: the patterns that begin alike. */
interface Node<A> {
  readonly children: Map<string, Node<A>>
  /** After `*`. */
  one: Node<A> | undefined
  /** After `#`: any number of words leads back to it. */
  any: Node<A> | undefined
  readonly values: A[]
  readonly isAny: boolean
}

const nodeOf = <A>(isAny: boolean): Node<A> => ({
  children: new Map(),
  one: undefined,
  any: undefined,
  values: [],
  isAny,
})

/**
 * Topic patterns as a trie of their words: a routing key is matched against all of them in one walk, which visits only the
 * places that its words lead to, each at most once a word, however many patterns there are and however many `#` they have.
 */
export class TopicTrie<A> {
  readonly #root: Node<A> = nodeOf<A>(false)

  /** @param words - as `patternWords` gives them */
  add(words: ReadonlyArray<string>, value: A): void {
    let node = this.#root
    for (const word of words) node = next(node, word)
    node.values.push(value)
  }

  /** The values of all patterns that the routing key fits, each once. */
  match(routingKey: string): Set<A> {
    let places = new Set<Node<A>>()
    enter(places, this.#root)
    for (const word of wordsOf(routingKey)) {
      const following = new Set<Node<A>>()
      for (const place of places) {
        if (place.isAny) enter(following, place)
        const child = place.children.get(word)
        if (child !== undefined) enter(following, child)
        if (place.one !== undefined) enter(following, place.one)
      }
      places = following
    }
    const found = new Set<A>()
    for (const place of places) for (const value of place.values) found.add(value)
    return found
  }
}

/** A place, and those that no further word leads to. */
const enter = <A>(places: Set<Node<A>>, node: Node<A>): void => {
  for (let at: Node<A> | undefined = node; at !== undefined && !places.has(at); at = at.any) places.add(at)
}

const next = <A>(node: Node<A>, word: string): Node<A> => {
  if (word === '*') return (node.one ??= nodeOf<A>(false))
  if (word === '#') return (node.any ??= nodeOf<A>(true))
  let child = node.children.get(word)
  if (child === undefined) node.children.set(word, (child = nodeOf<A>(false)))
  return child
}
