/** The seam to a device, and the two that implement it: CUDA through JavaCPP, and the emulator. */
package org.conceptclip.backend.cuda.driver;
