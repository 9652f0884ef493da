/** The CUDA backend: records a call's ops as kernel launches and matrix products, and runs them as one graph on a device. */
package org.conceptclip.backend.cuda;
