/** Shorter texts never share memory in V8 (`SlicedString::kMinLength`). */
const sharedCharsMin = 13

/**
 * The same text in memory of its own. The text of a record may be a slice of the text of its whole batch, which lives as
 * long as any slice of it does: whoever keeps a few texts of many records for long keeps this instead.
 *
 * Costs nothing below 13 characters, and about 100 ns from there on.
 *
 * @example
 * ownText('ATL') // => 'ATL'
 */
export const ownText = (text: string): string => (text.length < sharedCharsMin ? text : ` ${text}`.slice(1))
