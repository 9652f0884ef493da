package org.conceptclip.arch;

import java.util.Set;

/** The arrows inside core. */
class ArchitectureTest extends ArchitectureContract {
  private static final String BASE = "org.conceptclip";

  ArchitectureTest() {
    super(BASE, BASE + ".arch.planted", Arrows.ALLOWED, Arrows.LIBRARIES, Set.of());
  }
}
