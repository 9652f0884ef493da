/**
 * The throughput benchmark: the batching engine against the bare encoder, packing against padding, latency under open-loop load, and
 * what is done with the rows: files of results and comparisons.
 */
package org.conceptclip.bench.throughput;
