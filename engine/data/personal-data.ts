/** Counts what looks like a person's address or number. The values themselves go nowhere. */

export interface PersonalData {
  email: number;
  phone: number;
  card: number;
  iban: number;
}

const email = /[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){0,4}\.[a-z]{2,}/gi;
const phone =
  /(?<![\w+])(\+\d{1,3}[ ./-]?\(?\d{1,4}\)?([ ./-]?\d{2,5}){2,4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-])/g;
const card = /(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)/g;
const iban = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g;

/** Adds what a text has of each kind: card numbers by their check digit, account numbers by their check sum. */
export function countPersonalData(text: string, counts: PersonalData): void {
  if (text.includes('@')) counts.email += text.match(email)?.length ?? 0;
  if (!/\d[ ./()-]?\d[ ./()-]?\d/.test(text)) return;
  const accounts = (text.match(iban) ?? []).filter(isAccount);
  counts.iban += accounts.length;
  const rest = accounts.reduce((left, account) => left.replace(account, ' '), text);
  const cards = (rest.match(card) ?? []).filter(isCard);
  counts.card += cards.length;
  counts.phone += cards.reduce((left, found) => left.replace(found, ' '), rest).match(phone)?.length ?? 0;
}

/** Luhn's check digit, and a first digit that card networks use. */
function isCard(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  if (digits.length < 13 || !/^[3-6]/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]) * (place % 2 === 1 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/**
 * ISO 13616: the number, read with its first four signs at the end and letters as 10 to 35, leaves 1 when divided by
 * 97.
 */
function isAccount(found: string): boolean {
  const compact = found.replace(/ /g, '');
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const sign of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
