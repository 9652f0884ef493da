/** The contract between the model and the backends: fused operations on tensors, their operands, and the checks of their arguments. */
package org.conceptclip.op;
