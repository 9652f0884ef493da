package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: me.tongfei.progressbar must stay behind its users. */
interface Usesmetongfeiprogressbar {
  me.tongfei.progressbar.ProgressBar forbidden();
}
