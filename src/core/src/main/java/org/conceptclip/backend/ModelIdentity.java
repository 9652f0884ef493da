package org.conceptclip.backend;

import java.util.List;

/** What a backend may ask about a model before it prepares weights. Thread-safe. */
public interface ModelIdentity {
  /** Hash of architecture and weights, as 64 hexadecimal digits. The first call reads all weights, which takes seconds. */
  String fingerprint();

  /** Names of the weight matrices whose products may compute in 8 bits, in the order in which a pass uses them. */
  List<String> products();
}
