package org.conceptclip.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** Names of files, and of facts about a run, that several parts of {@code eval} use. */
final class EvalFacts {
  static final String SCORES = "scores.csv";
  static final String VALIDATION = "validation.csv";
  static final String RANKS = "ranks.csv";
  static final String METRICS = "metrics.json";
  static final String REPORT = "report.html";

  static final String MODEL = "model";
  static final String NOTICE = "notice";
  static final String BACKEND = "backend";
  static final String TASK = "task";
  /** Which items are validation items. An item's scores do not depend on it. */
  static final String SPLIT = "validation";

  /** Facts that scores do not depend on: the same model may lie elsewhere, and a split divides the same items. */
  private static final Set<String> INDIFFERENT = Set.of(MODEL, NOTICE, SPLIT);

  private EvalFacts() {}

  /** The facts that have to be the same for results to be the same. */
  static Map<String, String> decisive(SequencedMap<String, String> facts) {
    Map<String, String> decisive = new LinkedHashMap<>(facts);
    decisive.keySet().removeAll(INDIFFERENT);
    return decisive;
  }
}
