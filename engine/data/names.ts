/** Column names people use, by what the column holds; compared without case, accents and punctuation. */

export function foldName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

const words = (list: string): readonly string[] => list.trim().split(/\s+/).map(foldName);

/** Best first. English, German, Swedish, French, Spanish, Italian, Dutch, Portuguese, Japanese, Chinese. */
export const columnNames = {
  text: words(`text texts body message msg comment comments content sentence review feedback utterance query
    description document input tweet post email mail transcript kommentar nachricht anfrage inhalt
    beschreibung bewertungstext satz rueckmeldung anliegen meddelande innehall arende mening beskrivning
    commentaire texte avis contenu phrase mensaje comentario texto testo commento messaggio recensione
    tekst bericht opmerking mensagem 本文 内容 文本 评论 テキスト`),
  lead: words(`subject title headline betreff titel überschrift ämne amne rubrik objet titre asunto titulo oggetto
    titolo onderwerp assunto 件名 主题 标题`),
  label: words(`label labels category categories class intent topic sentiment tag target type kategorie kategorien
    klasse thema etikett absicht stimmung etikett kategori klass amne avsikt kansla categorie classe
    sujet etiquette sentiment categoria clase etiqueta tema classe etichetta categoria onderwerp labels
    y 分類 类别 标签 カテゴリ ラベル rating stars score level spam`),
  prompt: words(`instructioninput prompt question questions instruction user query input ask frage fragen anfrage
    eingabe fraga fråga question invite pregunta domanda vraag pergunta 質問 问题`),
  response: words(`response answer answers reply completion output assistant antwort antworten ausgabe svar reponse
    réponse respuesta risposta antwoord resposta 回答 答案`),
  messages: words(`messages conversation conversations dialog dialogue chat turns nachrichten unterhaltung konversation
    samtal meddelanden conversacion`),
} as const;

export type ColumnRole = keyof typeof columnNames;

/** Place of a name in its list, 0 the best; -1: not one of them. */
export function nameRank(role: ColumnRole, name: string): number {
  return columnNames[role].indexOf(foldName(name));
}

const all: ReadonlySet<string> = new Set([
  ...Object.values(columnNames).flat(),
  'id',
  'date',
  'datum',
  'name',
  'no',
  'nr',
  'number',
]);

/** True for what is more likely a column's name than its first value. */
export function isKnownName(name: string): boolean {
  return all.has(foldName(name));
}
