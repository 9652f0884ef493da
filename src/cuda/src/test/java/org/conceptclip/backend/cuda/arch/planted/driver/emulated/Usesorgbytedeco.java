package org.conceptclip.backend.cuda.arch.planted.driver.emulated;

/** Breaks the arrows on purpose: org.bytedeco must stay behind its users. */
interface Usesorgbytedeco {
  org.bytedeco.javacpp.Pointer forbidden();
}
