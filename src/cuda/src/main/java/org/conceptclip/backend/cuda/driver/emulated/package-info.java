/** The driver of emulated devices: the same kernels, compiled for the CPU by {@code native/emulator}. For tests. */
package org.conceptclip.backend.cuda.driver.emulated;
