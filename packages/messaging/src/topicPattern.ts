import { InvalidPattern } from './errors.ts'

/**
 * The words of a routing key, or of a pattern: what stands between dots. The empty text has none.
 *
 * @example
 * wordsOf('stock.usd.nyse') // => ['stock', 'usd', 'nyse']
 * wordsOf('') // => []
 */
export const wordsOf = (text: string): ReadonlyArray<string> => (text === '' ? [] : text.split('.'))

/**
 * Checks a topic pattern and gives its words.
 *
 * @throws InvalidPattern when a word is empty, or has a `*` or `#` beside other characters
 * @example
 * patternWords('stock.*.#') // => ['stock', '*', '#']
 */
export const patternWords = (pattern: string): ReadonlyArray<string> => {
  if (typeof pattern !== 'string') {
    throw new InvalidPattern(`a pattern is ${typeof pattern}; expected words between dots, as in 'stock.*.#'`)
  }
  const words = wordsOf(pattern)
  for (const word of words) {
    if (word === '') {
      throw new InvalidPattern(
        `the pattern '${pattern}' has an empty word; expected words between dots, as in 'stock.*.#'`,
      )
    }
    if (word.length > 1 && /[*#]/.test(word)) {
      throw new InvalidPattern(
        `the pattern '${pattern}' has the word '${word}'; expected * and # as words of their own`,
      )
    }
  }
  return words
}
