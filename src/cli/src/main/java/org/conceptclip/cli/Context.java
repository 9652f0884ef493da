package org.conceptclip.cli;

import org.conceptclip.backend.Backends;

/** The surroundings of a command. */
record Context(Console console) {
  /** The backends on the class path. */
  Backends backends() {
    return Backends.discovered();
  }
}
