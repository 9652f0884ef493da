package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: org.bytedeco.cuda must stay behind its users. */
interface Usesorgbytedecocuda {
  org.bytedeco.cuda.cudart.CUstream_st forbidden();
}
