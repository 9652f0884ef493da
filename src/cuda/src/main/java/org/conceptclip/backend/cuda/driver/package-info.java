/** The seam between the CUDA backend and a device: what a driver has to do, and what all drivers need. No API for programs. */
package org.conceptclip.backend.cuda.driver;
