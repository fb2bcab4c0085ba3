/**
 * The place of the first entry that holds, by halving; the length when there is none.
 *
 * @param holds - of all entries behind one that holds, too
 */
export const firstIndex = <A>(list: ReadonlyArray<A>, holds: (entry: A) => boolean): number => {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(list[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
