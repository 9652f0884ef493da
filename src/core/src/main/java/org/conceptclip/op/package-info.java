/** The fused-op contract between the model and the backends, and its checks. */
package org.conceptclip.op;
