/** What an error is told as: four short texts, bad news first. */

export interface Sentence {
  /** The finding, as a page's title. */
  readonly title: string;
  /** Why, in one sentence. */
  readonly cause: string;
  /** What to do; what is safe stands here too. */
  readonly remedy: string;
  /** File, row, value; empty where the other texts say it all. */
  readonly evidence: string;
}
