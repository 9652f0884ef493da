/** What benchmarks need: contestants and peers in interleaved rounds, single ops, the machine they ran on. */
package org.conceptclip.bench;
