/** SQuAD's nested articles, paragraphs and questions as one flat list: a question each, with its passage. */

type Fields = Readonly<Record<string, unknown>>;

/** The questions of articles or paragraphs; null: these are neither. */
export function questionsOf(objects: readonly object[]): readonly object[] | null {
  const paragraphs = objects.flatMap((one): readonly (Fields | null)[] => {
    const article = one as Fields;
    const inner = Object.hasOwn(article, 'paragraphs') ? article.paragraphs : [article];
    const { title } = article;
    return Array.isArray(inner)
      ? inner.map((paragraph: unknown) =>
          isParagraph(paragraph) ? { ...paragraph, ...(title === undefined ? {} : { title }) } : null,
        )
      : [null];
  });
  if (objects.length === 0 || paragraphs.includes(null)) return null;
  return paragraphs.flatMap((paragraph) => {
    if (paragraph === null) return [];
    const { context, title, qas } = paragraph;
    return (qas as readonly object[]).map((question) => ({
      ...question,
      ...(title === undefined ? {} : { title }),
      context,
    }));
  });
}

function isParagraph(value: unknown): value is Fields & { readonly qas: readonly object[] } {
  if (typeof value !== 'object' || value === null) return false;
  const { context, qas } = value as Fields;
  const isQuestion = (one: unknown): boolean => typeof one === 'object' && one !== null && 'question' in one;
  return typeof context === 'string' && Array.isArray(qas) && qas.every(isQuestion);
}
