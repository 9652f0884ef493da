package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: org.bytedeco.dnnl must stay behind its users. */
interface Usesorgbytedecodnnl {
  org.bytedeco.dnnl.engine forbidden();
}
