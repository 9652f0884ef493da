package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: picocli must stay behind its users. */
interface Usespicocli {
  picocli.CommandLine forbidden();
}
