/** Numbers from 0 to 1, the same at each start: a linear congruential generator (Numerical Recipes, 1992). */
export const repeatable = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
