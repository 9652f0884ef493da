/** Monitoring of the batching engine: Micrometer meters and Java Flight Recorder events. */
package org.conceptclip.metrics;
