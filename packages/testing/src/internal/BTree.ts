import sortedBTree from 'sorted-btree'

type BTreeClass = typeof sortedBTree.default

// A CommonJS module with a default export: Node hands out its exports, bundlers and test runners the class itself.
const exported: { readonly default?: BTreeClass } | BTreeClass = sortedBTree

/** A sorted map whose `clone` takes constant time: both sides copy what they change. */
export const BTree: BTreeClass = ('default' in exported ? exported.default : exported) as BTreeClass
export type BTree<K, V> = InstanceType<typeof sortedBTree.default<K, V>>
