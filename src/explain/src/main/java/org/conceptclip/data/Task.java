package org.conceptclip.data;

import org.conceptclip.util.Labelled;

/** What is evaluated. */
public enum Task implements Labelled {
  /** One label an item, scored by a softmax over all labels. */
  MULTICLASS,
  /** Any number of labels an item, each scored by a sigmoid of its own. */
  MULTILABEL,
  /** Images find their captions, and captions their images. */
  RETRIEVAL,
  /** Concepts are present or absent, each scored by a pair of prompts. */
  ANNOTATION
}
