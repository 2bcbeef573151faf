/** Anything that can be let go: the editor's disposables and our own. */
export interface Disposable {
  dispose(): unknown;
}
