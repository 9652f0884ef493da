/** The driver of NVIDIA GPUs: the CUDA driver API and cuBLASLt through JavaCPP. */
package org.conceptclip.backend.cuda.driver.nvidia;
