/** The driver of NVIDIA GPUs: the CUDA driver API through {@code java.lang.foreign}, and cuBLASLt through JavaCPP. */
package org.conceptclip.backend.cuda.driver.nvidia;
