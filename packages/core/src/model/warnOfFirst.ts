// what a terminal would take for a command
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Says the first thing that it hears of to the console, in one line, and no other.
 *
 * @param inWords - `undefined` for what is not worth a word
 */
export const warnOfFirst = <A>(inWords: (heard: A) => string | undefined): ((heard: A) => void) => {
  let isFirst = true
  return (heard) => {
    const words = isFirst ? inWords(heard) : undefined
    if (words === undefined) return
    isFirst = false
    console.warn(words.replaceAll(control, escaped))
  }
}
