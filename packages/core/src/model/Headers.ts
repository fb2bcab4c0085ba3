/** What travels with a record beside its key and value: names and values, both text. */
export type Headers = Readonly<Record<string, string>>

/** The headers of a record without any: one frozen object, shared by all of them. */
export const noHeaders: Headers = Object.freeze(Object.create(null) as Record<string, string>)
