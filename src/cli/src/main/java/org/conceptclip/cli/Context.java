package org.conceptclip.cli;

import org.conceptclip.backend.Backends;

/** What a command works with. */
record Context(Console console) {
  /** The backends on the class path. */
  Backends backends() {
    return Backends.discovered();
  }
}
