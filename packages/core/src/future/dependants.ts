/** What runs when a future has ended. */
export type Dependant = () => void

// Dependants that complete further futures are put in line instead of called, so that the stack does not grow with a chain.
let line: Dependant[] | undefined

/** Runs dependants, after those that are in line already when called from within one. */
export const runDependants = (dependants: Dependant | Dependant[]): void => {
  if (line !== undefined) {
    if (Array.isArray(dependants)) line.push(...dependants)
    else line.push(dependants)
    return
  }
  line = Array.isArray(dependants) ? dependants : [dependants]
  const running = line
  try {
    for (let next = 0; next < running.length; next++) running[next]!()
  } finally {
    line = undefined
  }
}
