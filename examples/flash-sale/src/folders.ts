import { join } from 'node:path'

/** The log of a sale, in its folder. */
export const logIn = (folder: string): string => join(folder, 'log')
/** The books of the shop, in its folder. */
export const booksIn = (folder: string): string => join(folder, 'books.db')
