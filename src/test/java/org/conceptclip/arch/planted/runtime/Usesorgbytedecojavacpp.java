package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: org.bytedeco.javacpp must stay behind its users. */
interface Usesorgbytedecojavacpp {
  org.bytedeco.javacpp.Pointer forbidden();
}
