/** Throughput measured against peers: interleaved rounds, medians, an A/A control, results as JSON lines. */
package org.conceptclip.bench;
