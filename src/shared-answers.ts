/**
 * Gives one answer to all who ask for the same at about the same time. Nobody is given what was begun before they asked, and so
 * may not know of what they ask about: who comes while an answer is worked out waits for the next one. So whoever asks how often,
 * each thing is worked out once at a time.
 */
export class SharedAnswers<Answer> {
  readonly #subjects = new Map<string, { last: Promise<void>; next: Promise<Answer> | undefined }>();

  /**
   * Asks.
   * @param subject what for
   * @param work works it out; that of the first who waits is done, for all who wait with them
   * @throws what the work throws; the next who asks has it done anew
   */
  ask(subject: string, work: () => Promise<Answer>): Promise<Answer> {
    const state = this.#subjects.get(subject) ?? { last: Promise.resolve(), next: undefined };
    this.#subjects.set(subject, state);
    if (state.next !== undefined) return state.next;
    const next = state.last.then(() => {
      state.next = undefined;
      return work();
    });
    const end = (): void => {
      if (state.last === last && state.next === undefined) this.#subjects.delete(subject);
    };
    const last = next.then(end, end);
    state.next = next;
    state.last = last;
    return next;
  }
}
