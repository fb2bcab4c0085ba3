import type { Click } from './topPages.ts'

const sections = ['news', 'sports', 'music', 'travel']
const pagesOfSection = 200

/**
 * Clicks of readers who like some pages more than others, the same for the same seed: a few pages of each section have most
 * of them.
 *
 * @param random - numbers from 0 to 1
 */
export const clickOf = (random: () => number): Click => {
  const section = sections[Math.floor(random() * sections.length)]!
  const rank = Math.floor(pagesOfSection ** random()) - 1
  // which page is liked best differs from section to section
  const page = (rank * 7 + section.length * 13) % pagesOfSection
  return { section, page: `page-${page}` }
}

/** The lists that a plain count gives, for the comparison at the end. */
export const expectedLists = (
  all: ReadonlyArray<Click>,
  length: number,
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const counted = new Map<string, Map<string, number>>()
  for (const { section, page } of all) {
    const pages = counted.get(section) ?? new Map<string, number>()
    counted.set(section, pages.set(page, (pages.get(page) ?? 0) + 1))
  }
  const ranked = (pages: ReadonlyMap<string, number>): ReadonlyArray<string> =>
    [...pages]
      .toSorted(([a, many], [b, few]) => few - many || (a < b ? -1 : 1))
      .slice(0, length)
      .map(([page, clicks]) => `${page} ${clicks}`)
  return new Map([...counted].map(([section, pages]) => [section, ranked(pages)]))
}
