package org.conceptclip.batch;

import org.conceptclip.runtime.Detail;

/** The kind of work that a request asks an engine for. Requests of equal kinds share batches. */
public sealed interface WorkKind {
  /** A short name for metrics, for example {@code images}, {@code texts-tokens} or {@code scores}. There are few different ones. */
  String label();

  /** Features of images. */
  record Images(Detail detail) implements WorkKind {
    public Images {
      requireReturned(detail);
    }

    @Override
    public String label() {
      return detail == Detail.FEATURES ? "images" : "images-tokens";
    }
  }

  /** Features of texts. */
  record Texts(Detail detail) implements WorkKind {
    public Texts {
      requireReturned(detail);
    }

    @Override
    public String label() {
      return detail == Detail.FEATURES ? "texts" : "texts-tokens";
    }
  }

  /** Scores of images against targets. All images of a batch are scored against the same targets. */
  record Scores(ScoreTargets targets) implements WorkKind {
    @Override
    public String label() {
      return "scores";
    }
  }

  private static void requireReturned(Detail detail) {
    if (detail == Detail.STATES) {
      throw new IllegalArgumentException("detail STATES: an engine returns FEATURES or TOKENS; Encoder returns states");
    }
  }
}
