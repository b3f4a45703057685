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
  question: words(`question questions frage fragen fråga pregunta domanda vraag pergunta 質問 问题 query prompt stem
    ctx`),
  context: words(`context passage paragraph contexte kontext abschnitt stycke contexto contesto artikeltext article
    document background premise`),
  start: words(`answer_start start answer_offset offset start_position`),
  answer: words(`answer answer_key answers correct correct_answer right gold solution antwort lösung svar réponse
    respuesta risposta antwoord resposta key label target`),
  choices: words(`choices options candidates alternatives endings answers antworten optionen auswahl svarsalternativ
    alternativ opciones`),
  words: words(`words tokens token word wörter ord mots palabras parole`),
  tags: words(`ner_tags tags ner labels tag label bio iob pos_tags pos upos`),
  spans: words(`entities spans annotations labels label ner entity marks markierungen`),
  source: words(`source src source_text source_sentence original quelle ausgangstext källtext`),
  target: words(`target tgt target_text target_sentence translation translated übersetzung zieltext översättning
    traduction traducción traduzione vertaling tradução`),
  summary: words(`summary summaries highlights tldr zusammenfassung sammanfattning résumé resumen riassunto
    samenvatting resumo 摘要 要約`),
  article: words(`article document text body content dialogue artikel dokument`),
  first: words(`sentence1 text1 premise question1 sentence_a text_a s1 first`),
  second: words(`sentence2 text2 hypothesis question2 sentence_b text_b s2 second`),
  score: words(`score similarity similarity_score relatedness relatedness_score ähnlichkeit likhet`),
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

/** Languages as columns of translations are called. */
export const languageNames: ReadonlySet<string> = new Set(
  `en eng english de ger deu german deutsch fr fre fra french français es spa spanish español it ita italian italiano
  pt por portuguese português nl nld dutch nederlands sv swe swedish svenska da dan danish dansk no nor nb nn norwegian
  fi fin finnish suomi pl pol polish polski cs ces czech ru rus russian uk ukr ukrainian el ell greek tr tur turkish
  ar ara arabic he heb hebrew hi hin hindi zh zho chi chinese 中文 ja jpn japanese 日本語 ko kor korean vi vie
  vietnamese id ind indonesian ro ron romanian hu hun hungarian bg bul bulgarian ca cat catalan la lat latin`.split(
    /\s+/,
  ),
);

const option = /^(option|choice|answer|ending|alternative|candidate|antwort|svar|op|sol)?([a-h]|\d)$/;

/** The kind of names that the column of a choice has: `A`, `B`, … or `option1`, `option2`, …; null: another column. */
export function optionKind(name: string): string | null {
  const found = option.exec(foldName(name));
  if (!found || (found[1] === undefined && /\d/.test(found[2] ?? ''))) return null;
  return found[1] ?? 'letter';
}

/** True for what is more likely a column's name than its first value. */
export function isKnownName(name: string): boolean {
  return all.has(foldName(name));
}
