import { listSeparator } from './lookup-statement.ts';

const REMEMBERED_LISTS = 4096;
const LONGEST_REMEMBERED = 4096;

/**
 * Builds the reader of lists of scope entries as the lookup gives them. The same text gives the same frozen list, a fact
 * that can not go stale: few lists are granted, and to very many credentials.
 */
export function rememberScopeLists(): (text: string) => readonly string[] {
  let remembered = new Map<string, readonly string[]>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const list = Object.freeze(text === '' ? [] : text.split(listSeparator));
    if (text.length > LONGEST_REMEMBERED) return list;
    if (remembered.size >= REMEMBERED_LISTS) remembered = new Map();
    remembered.set(text, list);
    return list;
  };
}
