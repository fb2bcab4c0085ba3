/**
 * The names of all options of a type, for `requireKnown`. The compiler refuses a list that leaves one out, or has one too many.
 *
 * @example
 * optionNames<{ readonly name?: string }>({ name: true }) // => ['name']
 */
export const optionNames = <T extends object>(names: { readonly [K in keyof T]-?: true }): ReadonlyArray<
  keyof T & string
> => Object.keys(names) as Array<keyof T & string>

/** Those of the options that have these names: for who takes options for two others. */
export const pickOptions = <T extends object, K extends keyof T & string>(
  options: T,
  names: ReadonlyArray<K>,
): Pick<T, K> => {
  const picked: Partial<Pick<T, K>> = {}
  for (const name of names) if (name in options) picked[name] = options[name]
  return picked as Pick<T, K>
}
